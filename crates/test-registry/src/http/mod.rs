//! As much of HTTP/1.1 as the helpers need: heads and bodies, the latter without a copy in memory.

mod body;
mod head;

pub(crate) use body::{Body, BodyWriter, Framing};
pub(crate) use head::Head;
