//! Bringing images to an engine.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde::Deserialize;
use ureq::SendBody;
use ureq::http::Method;

use crate::answer::line;
use crate::client::Engine;
use crate::error::EngineError;

/// Why an image was not brought.
#[derive(Debug)]
pub enum LoadError<E> {
    /// The engine refuses.
    Engine(EngineError),
    /// The archive could not be made.
    Archive(E),
}

impl<E> From<EngineError> for LoadError<E> {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

/// A line of the engine's answer.
#[derive(Deserialize)]
struct Progress {
    #[serde(default)]
    error: String,
}

const ACTION: &str = "take an image";

impl Engine {
    /// Brings an image: `write` writes a tar archive in the form of [`Engine::save`], while it is sent. An
    /// archive that is not finished changes nothing in the engine.
    ///
    /// # Errors
    /// Of the engine and `write`, the one that failed first.
    pub fn load<E>(
        &self,
        write: impl FnOnce(&mut (dyn Write + Send)) -> Result<(), E>,
    ) -> Result<(), LoadError<E>> {
        let failed = |error: io::Error| EngineError::Failed {
            action: ACTION.to_owned(),
            message: format!("this process cannot send it: {error}"),
        };
        let (reader, writer) = io::pipe().map_err(failed)?;
        let state = State::default();
        let body = Body { pipe: reader, state: &state };
        thread::scope(|scope| {
            let sending =
                thread::Builder::new().name("load".to_owned()).spawn_scoped(scope, || self.send_image(body));
            let sending = sending.map_err(failed)?;
            let written = state.write(writer, write);
            let sent = sending
                .join()
                .unwrap_or_else(|_| Err(self.cut(ACTION, "the thread that sends ended".into())));
            match (written, sent) {
                (Ok(()), sent) => Ok(sent?),
                (Err(error), Err(_)) if state.is_broken_off() => Err(LoadError::Archive(error)),
                // The archive could not be written because nobody took it any more.
                (Err(_), Err(error)) => Err(error.into()),
                (Err(error), Ok(())) => Err(LoadError::Archive(error)),
            }
        })
    }

    fn send_image(&self, mut body: Body<'_>) -> Result<(), EngineError> {
        let body = SendBody::from_reader(&mut body);
        // However long the engine takes to put the layers in their place.
        let answer = self.send(Method::POST, "/images/load?quiet=1", body, ACTION, None)?;
        let answer = self.expect(answer, ACTION, &[200])?;
        let bytes = self.bytes(answer, ACTION)?;
        let progress = serde_json::Deserializer::from_slice(&bytes).into_iter::<Progress>();
        // What is no progress is none of the engine's errors either.
        match progress.map_while(Result::ok).find(|progress| !progress.error.is_empty()) {
            Some(Progress { error }) => {
                Err(EngineError::Failed { action: ACTION.to_owned(), message: line(&error) })
            }
            None => Ok(()),
        }
    }
}

/// How far the archive is.
#[derive(Debug, Default)]
struct State {
    is_complete: AtomicBool,
    is_broken_off: AtomicBool,
}

impl State {
    fn write<E>(
        &self,
        mut pipe: PipeWriter,
        write: impl FnOnce(&mut (dyn Write + Send)) -> Result<(), E>,
    ) -> Result<(), E> {
        write(&mut pipe)?;
        self.is_complete.store(true, Ordering::Release);
        Ok(())
    }

    /// Whether the archive ended before its end.
    fn is_broken_off(&self) -> bool {
        self.is_broken_off.load(Ordering::Acquire)
    }
}

/// The archive on its way.
#[derive(Debug)]
struct Body<'a> {
    pipe: PipeReader,
    state: &'a State,
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.pipe.read(buffer)?;
        if count == 0 && !buffer.is_empty() && !self.state.is_complete.load(Ordering::Acquire) {
            // Half of an archive must not look like a whole one.
            self.state.is_broken_off.store(true, Ordering::Release);
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(count)
    }
}
