//! A blob on its way to a registry, in one request whose body is written while it is sent.
//!
//! Spec: distribution-spec § Pushing blobs (POST, PATCH, PUT); the PATCH carries bytes whose number and
//! digest are known only at its end.

use std::io::{self, Read, Write};
use std::thread::{self, JoinHandle};

use spec_model::Digest;
use ureq::http::Method;

use crate::error::RegistryError;
use crate::exchange::{self, Body, Response, nonsense};
use crate::pipe::{PipeReader, PipeWriter, pipe};
use crate::repository::{Repository, header, location};
use crate::url::{Scheme, Url};

const OCTETS: (&str, &str) = ("content-type", "application/octet-stream");

/// A blob on its way to a registry. It is there once [`Upload::finish`] says so.
///
/// When writing fails, [`Upload::restart`] makes it ready for the same bytes from the first on; those that
/// the registry already has are then not sent again.
#[derive(Debug)]
pub struct Upload {
    repository: Repository,
    /// Where the next request goes.
    location: Url,
    sending: Option<Sending>,
    /// Bytes that the registry has from an earlier attempt, still to be passed over.
    skipped: u64,
    failed: u32,
}

#[derive(Debug)]
struct Sending {
    pipe: PipeWriter,
    thread: JoinHandle<Result<Url, RegistryError>>,
}

impl Upload {
    pub(crate) fn begin(repository: Repository) -> Result<Self, RegistryError> {
        let location = begin(&repository)?;
        Ok(Self::at(repository, location))
    }

    fn at(repository: Repository, location: Url) -> Self {
        Self { repository, location, sending: None, skipped: 0, failed: 0 }
    }

    /// The upload that an answer tells of.
    pub(crate) fn begun(
        repository: Repository,
        response: &Response,
        url: &Url,
    ) -> Result<Self, RegistryError> {
        let location = next(&repository, response, url)?;
        Ok(Self::at(repository, location))
    }

    /// Ends the blob, whose bytes have the given digest.
    ///
    /// # Errors
    /// The registry does not have all bytes, or they are others.
    pub fn finish(&mut self, digest: &Digest) -> Result<(), RegistryError> {
        if let Some(sending) = self.sending.take() {
            // If the other end is gone, its thread tells why.
            let _ = sending.pipe.end();
            self.location = joined(&self.repository, sending.thread, &self.location)?;
        }
        self.commit(digest, Body::Nothing)
    }

    /// Sends a small blob whole.
    ///
    /// # Errors
    /// The registry refuses.
    pub fn put(&mut self, digest: &Digest, bytes: &[u8]) -> Result<(), RegistryError> {
        self.commit(digest, Body::Bytes(bytes))
    }

    fn commit(&self, digest: &Digest, body: Body<'_>) -> Result<(), RegistryError> {
        let action = format!("write blob {digest} of '{}'", self.repository.full_name());
        let url = |_: Scheme| self.location.clone().with("digest", &digest.to_string());
        let (response, url) = self.repository.exchange(&action, Method::PUT, &url, &[OCTETS], body)?;
        self.repository.expect(&action, response, &url, &[201, 204])?;
        Ok(())
    }

    /// Makes the upload ready for the same bytes, from the first on. `Ok(false)` when that is of no use:
    /// what failed would fail again, or has failed too often.
    ///
    /// # Errors
    /// The registry refuses another attempt.
    pub fn restart(&mut self, failure: &RegistryError) -> Result<bool, RegistryError> {
        self.abandon();
        self.failed += 1;
        let damaged = failure.status().is_some_and(|status| matches!(status, 400 | 404 | 416));
        if !failure.is_passing() && !damaged {
            return Ok(false);
        }
        let Some(wait) = self.repository.shared.patience.wait(self.failed, None) else { return Ok(false) };
        log::debug!("Sending a blob to '{}' again in {wait:?}: {failure}", self.repository.full_name());
        thread::sleep(wait);
        // What the registry did not like once is not built upon.
        let received = if damaged { None } else { self.received() };
        match received {
            Some(received) => self.skipped = received,
            None => {
                self.location = begin(&self.repository)?;
                self.skipped = 0;
            }
        }
        Ok(true)
    }

    /// Why writing failed. What [`Write::write`] returns tells only that it did.
    pub fn failure(&mut self) -> Option<RegistryError> {
        let sending = self.sending.take()?;
        drop(sending.pipe);
        joined(&self.repository, sending.thread, &self.location).err()
    }

    /// How many bytes the registry has; `None` when it does not know the upload any more.
    fn received(&mut self) -> Option<u64> {
        let url = |_: Scheme| self.location.clone();
        let action = action(&self.repository);
        let (response, url) =
            self.repository.exchange(&action, Method::GET, &url, &[], Body::Nothing).ok()?;
        if response.status() != 204 {
            return None;
        }
        let received = match header(&response, "range")?.trim_start_matches("bytes=").split_once('-')? {
            // The way to say nothing yet, which is also the way to say one byte; begin anew.
            (_, "0") => return None,
            (_, last) => last.parse::<u64>().ok()? + 1,
        };
        self.location = location(&response, &url).unwrap_or(url);
        Some(received)
    }

    /// Leaves nothing in the registry of an upload that nobody will finish.
    pub fn cancel(mut self) {
        self.abandon();
        let url = |_: Scheme| self.location.clone();
        // Registries remove what is left, sooner or later.
        let _ = self.repository.exchange("cancel an upload", Method::DELETE, &url, &[], Body::Nothing);
    }

    fn abandon(&mut self) {
        if let Some(sending) = self.sending.take() {
            drop(sending.pipe);
            let _ = sending.thread.join();
        }
    }

    fn sending(&mut self) -> io::Result<&mut Sending> {
        let sending = match self.sending.take() {
            Some(sending) => sending,
            None => {
                let (writer, reader) = pipe();
                let (repository, location) = (self.repository.clone(), self.location.clone());
                let thread = thread::Builder::new()
                    .name("upload".to_owned())
                    .spawn(move || send(&repository, &location, reader))?;
                Sending { pipe: writer, thread }
            }
        };
        Ok(self.sending.insert(sending))
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.skipped > 0 {
            let skipped = usize::try_from(self.skipped).unwrap_or(usize::MAX).min(bytes.len());
            self.skipped -= skipped as u64;
            return Ok(skipped);
        }
        self.sending()?.pipe.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.sending {
            Some(sending) => sending.pipe.flush(),
            None => Ok(()),
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.abandon();
    }
}

/// Asks for a place to upload a blob to.
fn begin(repository: &Repository) -> Result<Url, RegistryError> {
    let action = action(repository);
    let (response, url) = repository.send(&action, Method::POST, "blobs/uploads/", &[])?;
    let response = repository.expect(&action, response, &url, &[202])?;
    next(repository, &response, &url)
}

/// Sends all that comes out of the pipe, and tells where the end of the blob has to be told.
fn send(repository: &Repository, url: &Url, mut pipe: PipeReader) -> Result<Url, RegistryError> {
    let action = action(repository);
    let header = if repository.serves(url) { repository.authorization(url.scheme)? } else { None };
    let body: &mut dyn Read = &mut pipe;
    let response = exchange::stream(&repository.shared, url, &[OCTETS], body, header.as_deref())
        .map_err(|reason| repository.error(&action, reason))?;
    let response = repository.expect(&action, response, url, &[202, 204, 201])?;
    next(repository, &response, url)
}

fn joined(
    repository: &Repository,
    thread: JoinHandle<Result<Url, RegistryError>>,
    url: &Url,
) -> Result<Url, RegistryError> {
    let panicked =
        || Err(repository.error(&action(repository), nonsense(url, "the thread that sends ended")));
    thread.join().unwrap_or_else(|_| panicked())
}

fn next(repository: &Repository, response: &Response, url: &Url) -> Result<Url, RegistryError> {
    let missing = || repository.error(&action(repository), nonsense(url, "no place to upload a blob to"));
    location(response, url).ok_or_else(missing)
}

fn action(repository: &Repository) -> String {
    format!("upload a blob to '{}'", repository.full_name())
}
