//! A blob on its way to a registry, in one request whose body is written while it is sent.
//!
//! Spec: distribution-spec § Pushing blobs (POST, PATCH, PUT); the PATCH carries bytes whose number and
//! digest are known only at its end.

use std::io::{self, Read, Write};
use std::mem;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use spec_model::Digest;
use ureq::http::Method;

use crate::error::RegistryError;
use crate::exchange::{self, Body, Response};
use crate::failure::nonsense;
use crate::pipe::{PipeReader, PipeWriter, pipe};
use crate::repository::{Repository, header, location};
use crate::url::{Scheme, Url};

const CANCEL: &str = "cancel an upload";

const OCTETS: (&str, &str) = ("content-type", "application/octet-stream");

/// A blob on its way to a registry. It is there once [`Upload::finish`] says so; dropped before, it leaves
/// nothing in the registry, as far as that can be helped.
///
/// When writing fails, [`Upload::restart`] makes it ready for the same bytes from the first on; those that
/// the registry already has are then not sent again.
#[derive(Debug)]
pub struct Upload {
    repository: Repository,
    /// Where the next request goes.
    location: Url,
    state: State,
    /// Bytes that the registry has from an earlier attempt, still to be passed over.
    skipped: u64,
    failed: u32,
    /// Why writing failed.
    failure: Option<RegistryError>,
    /// How long the registry asks to be left alone.
    asked: Option<Duration>,
}

#[derive(Debug)]
enum State {
    /// No request is under way.
    Ready,
    Sending(Sending),
    /// Until there is another attempt, no more bytes are taken.
    Broken,
    /// The registry has nothing more to do with it.
    Ended,
}

type SendingThread = JoinHandle<(Result<Url, RegistryError>, Option<Duration>)>;

#[derive(Debug)]
struct Sending {
    pipe: PipeWriter,
    thread: SendingThread,
}

impl Upload {
    pub(crate) fn begin(repository: Repository) -> Result<Self, RegistryError> {
        let location = begin(&repository)?;
        Ok(Self::at(repository, location))
    }

    fn at(repository: Repository, location: Url) -> Self {
        Self { repository, location, state: State::Ready, skipped: 0, failed: 0, failure: None, asked: None }
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
        self.end_request()?;
        self.commit(digest, Body::Nothing)
    }

    /// Sends a small blob whole.
    ///
    /// # Errors
    /// The registry refuses.
    pub fn put(&mut self, digest: &Digest, bytes: &[u8]) -> Result<(), RegistryError> {
        self.commit(digest, Body::Bytes(bytes))
    }

    fn commit(&mut self, digest: &Digest, body: Body<'_>) -> Result<(), RegistryError> {
        let action = format!("write blob {digest} of '{}'", self.repository.full_name());
        let url = |_: Scheme| self.location.clone().with("digest", &digest.to_string());
        let (response, url) = self.repository.exchange(&action, Method::PUT, &url, &[OCTETS], body)?;
        // A registry that does not know the upload may have ended it, in an attempt whose answer was lost.
        let is_unknown = response.status() == 404;
        if let Err(error) = self.repository.expect(&action, response, &url, &[201, 204])
            && !(is_unknown && self.repository.has_blob(digest).unwrap_or(false))
        {
            self.state = State::Broken;
            return Err(error);
        }
        self.state = State::Ended;
        Ok(())
    }

    /// Makes the upload ready for the same bytes, from the first on. `Ok(false)` when that is of no use:
    /// what failed would fail again, or has failed too often.
    ///
    /// # Errors
    /// The registry refuses another attempt.
    pub fn restart(&mut self, failure: &RegistryError) -> Result<bool, RegistryError> {
        self.state = State::Broken;
        self.failed += 1;
        let damaged = matches!(failure.status(), Some(400 | 404 | 416));
        // A token may end while it is used; with the next one it has to work.
        let renewed = failure.status() == Some(401) && self.failed == 1;
        if !failure.is_passing() && !damaged && !renewed {
            return Ok(false);
        }
        let patience = self.repository.shared.patience;
        let Some(wait) = patience.wait(self.failed, Duration::ZERO, self.asked.take()) else {
            return Ok(false);
        };
        log::debug!("Sending a blob to '{}' again in {wait:?}: {failure}", self.repository.full_name());
        thread::sleep(wait);
        // What the registry did not like once is not built upon.
        let received = if damaged { None } else { self.received() };
        if let Some(received) = received {
            self.skipped = received;
        } else {
            let location = begin(&self.repository)?;
            let old = mem::replace(&mut self.location, location);
            self.repository.try_delete(CANCEL, &old);
            self.skipped = 0;
        }
        self.state = State::Ready;
        Ok(true)
    }

    /// Why writing failed, if it was the registry's doing. What [`Write::write`] returns tells only that it did.
    pub fn failure(&mut self) -> Option<RegistryError> {
        self.failure.take()
    }

    /// Takes note of why no more bytes are taken.
    fn broken(&mut self) {
        let State::Sending(sending) = self.pause() else { return };
        let early = nonsense(&self.location, "that it has a blob before all of it was sent");
        self.failure = Some(match self.join(sending.thread) {
            Ok(()) => self.repository.error(&action(&self.repository), early),
            Err(failure) => failure,
        });
    }

    /// Waits for the answer to the bytes sent. Its pipe is closed or broken.
    fn join(&mut self, thread: SendingThread) -> Result<(), RegistryError> {
        let ended = nonsense(&self.location, "the thread that sends ended");
        let ended = || (Err(self.repository.error(&action(&self.repository), ended)), None);
        let (outcome, asked) = thread.join().unwrap_or_else(|_| ended());
        self.asked = asked;
        self.location = outcome?;
        Ok(())
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
            (_, last) => last.parse::<u64>().ok()?.checked_add(1)?,
        };
        self.location = location(&response, &url).unwrap_or(url);
        Some(received)
    }

    /// The state so far. Unless something comes of it, no more bytes are taken.
    fn pause(&mut self) -> State {
        mem::replace(&mut self.state, State::Broken)
    }

    /// Ends the request that is under way. It is not cut, so that the registry is done with it afterwards.
    fn end_request(&mut self) -> Result<(), RegistryError> {
        if let State::Sending(sending) = self.pause() {
            // If the other end is gone, its thread tells why.
            let _ = sending.pipe.end();
            self.join(sending.thread)?;
        }
        Ok(())
    }

    fn pipe(&mut self) -> io::Result<&mut PipeWriter> {
        if matches!(self.state, State::Ready) {
            let (pipe, reader) = pipe();
            let (repository, location) = (self.repository.clone(), self.location.clone());
            let thread = thread::Builder::new()
                .name("upload".to_owned())
                .spawn(move || send(&repository, &location, reader))?;
            self.state = State::Sending(Sending { pipe, thread });
        }
        match &mut self.state {
            State::Sending(sending) => Ok(&mut sending.pipe),
            State::Ready | State::Broken | State::Ended => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.skipped > 0 {
            let skipped = usize::try_from(self.skipped).unwrap_or(usize::MAX).min(bytes.len());
            self.skipped -= skipped as u64;
            return Ok(skipped);
        }
        self.pipe()?.write(bytes).inspect_err(|_| self.broken())
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.state {
            State::Sending(sending) => sending.pipe.flush().inspect_err(|_| self.broken()),
            State::Ready | State::Broken | State::Ended => Ok(()),
        }
    }
}

/// Leaves nothing in the registry. What cannot be removed at once, registries remove sooner or later.
impl Drop for Upload {
    fn drop(&mut self) {
        if !matches!(self.state, State::Ended) {
            let _ = self.end_request();
            self.repository.try_delete(CANCEL, &self.location);
        }
    }
}

/// Asks for a place to upload a blob to.
fn begin(repository: &Repository) -> Result<Url, RegistryError> {
    let action = action(repository);
    let (response, url) = repository.send(&action, Method::POST, "blobs/uploads/", &[])?;
    let response = repository.expect(&action, response, &url, &[202])?;
    next(repository, &response, &url)
}

/// Sends all that comes out of the pipe, and tells where the end of the blob has to be told, or how long to
/// wait before the next attempt.
fn send(
    repository: &Repository,
    url: &Url,
    mut pipe: PipeReader,
) -> (Result<Url, RegistryError>, Option<Duration>) {
    let action = action(repository);
    let mut sent = || {
        let header = if repository.serves(url) { repository.authorization()? } else { None };
        let body: &mut dyn Read = &mut pipe;
        exchange::stream(&repository.shared, url, &[OCTETS], body, header.as_deref())
            .map_err(|reason| repository.error(&action, reason))
    };
    let response = match sent() {
        Ok(response) => response,
        Err(error) => return (Err(error), None),
    };
    if response.status() == 401 && repository.serves(url) {
        repository.challenged(&response);
    }
    let asked = exchange::asked(&response);
    let response = repository.expect(&action, response, url, &[202, 204, 201]);
    (response.and_then(|response| next(repository, &response, url)), asked)
}

fn next(repository: &Repository, response: &Response, url: &Url) -> Result<Url, RegistryError> {
    let missing = || repository.error(&action(repository), nonsense(url, "no place to upload a blob to"));
    location(response, url).ok_or_else(missing)
}

fn action(repository: &Repository) -> String {
    format!("upload a blob to '{}'", repository.full_name())
}
