//! A blob on its way here. Where the connection is cut, it is asked for the rest.

use std::io::{self, Read};
use std::thread;
use std::time::Duration;

use spec_model::Digest;
use ureq::http::Method;

use crate::error::{Reason, RegistryError};
use crate::exchange::Response;
use crate::failure::failure;
use crate::repository::Repository;
use crate::url::Url;

/// A blob on its way here. It is given up when it turns out to be longer or shorter than it should, with an
/// error of kind [`io::ErrorKind::InvalidData`]; its bytes are not verified.
#[derive(Debug)]
pub struct Download {
    repository: Repository,
    digest: Digest,
    size: u64,
    read: u64,
    body: Body,
    url: Url,
    /// Failures since bytes last came.
    failed: u32,
}

struct Body(ureq::BodyReader<'static>);

impl std::fmt::Debug for Body {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Body")
    }
}

impl Download {
    pub(crate) fn open(
        repository: &Repository,
        digest: &Digest,
        size: u64,
    ) -> Result<Option<Self>, RegistryError> {
        let Some((body, url)) = request(repository, digest, 0)? else { return Ok(None) };
        let (repository, digest) = (repository.clone(), *digest);
        Ok(Some(Self { repository, digest, size, read: 0, body, url, failed: 0 }))
    }

    /// Asks for the rest after a failure, as far as patience goes.
    fn go_on(&mut self, error: io::Error) -> io::Result<()> {
        self.failed += 1;
        let Some(wait) = self.repository.shared.patience.wait(self.failed, Duration::ZERO, None) else {
            let reason = failure(&self.url, &error.into());
            return Err(self.repository.error(&action(&self.repository, &self.digest), reason).into_io());
        };
        log::debug!("Blob {} was cut at byte {}; going on in {wait:?}", self.digest, self.read);
        thread::sleep(wait);
        match request(&self.repository, &self.digest, self.read) {
            Ok(Some((body, url))) => (self.body, self.url) = (body, url),
            Ok(None) => return Err(self.wrong("is gone, which had")),
            // There is no byte where the rest should be.
            Err(error) if error.status() == Some(416) => return Err(self.wrong("ends before it has")),
            Err(error) => return Err(error.into_io()),
        }
        Ok(())
    }

    fn wrong(&self, how: &str) -> io::Error {
        let (blob, size, home) = (self.digest, self.size, self.repository.full_name());
        let message = format!("blob {blob} of '{home}' {how} {size} bytes, as its image says");
        io::Error::new(io::ErrorKind::InvalidData, message)
    }
}

impl Read for Download {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.body.0.read(buffer) {
                Ok(0) if !buffer.is_empty() && self.read < self.size => {
                    self.go_on(io::ErrorKind::UnexpectedEof.into())?;
                }
                Ok(count) => {
                    self.read += count as u64;
                    if self.read > self.size {
                        return Err(self.wrong("has more"));
                    }
                    self.failed = 0;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.go_on(error)?,
            }
        }
    }
}

fn action(repository: &Repository, digest: &Digest) -> String {
    format!("read blob {digest} of '{}'", repository.full_name())
}

/// Asks for a blob from byte `from` on.
fn request(
    repository: &Repository,
    digest: &Digest,
    from: u64,
) -> Result<Option<(Body, Url)>, RegistryError> {
    let action = action(repository, digest);
    let range = format!("bytes={from}-");
    let headers = [("range", range.as_str())];
    let headers = if from == 0 { &[][..] } else { &headers };
    let (response, url) = repository.send(&action, Method::GET, &format!("blobs/{digest}"), headers)?;
    if response.status() == 404 {
        return Ok(None);
    }
    let response = repository.expect(&action, response, &url, &[200, 206])?;
    let is_rest = response.status() == 206;
    let mut body = unlimited(response);
    if from > 0 && !is_rest {
        let skipped = io::copy(&mut (&mut body.0).take(from), &mut io::sink());
        if !skipped.is_ok_and(|skipped| skipped == from) {
            let cut = Reason::Cut { server: url.authority.clone(), cause: "again".into() };
            return Err(repository.error(&action, cut));
        }
    }
    Ok(Some((body, url)))
}

fn unlimited(response: Response) -> Body {
    Body(response.into_body().into_with_config().limit(u64::MAX).reader())
}
