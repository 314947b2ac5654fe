//! The cache directory as its users see it.

#[cfg(test)]
mod contents;
#[cfg(test)]
mod support;
#[cfg(test)]
mod survival;
