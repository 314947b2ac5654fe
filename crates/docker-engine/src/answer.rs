//! Answers: documents, refusals and what the HTTP library makes of failures.

use std::io::Read;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::http;

use crate::client::Engine;
use crate::error::EngineError;

pub(crate) type Response = http::Response<ureq::Body>;

/// More of an answer is not read, in bytes. An image with thousands of labels stays far below.
const LONGEST: u64 = 32 * 1024 * 1024;

/// How an engine says what went wrong.
#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    message: String,
}

impl Engine {
    /// Turns all answers but those of the given statuses into errors.
    pub(crate) fn expect(
        &self,
        response: Response,
        action: &str,
        expected: &[u16],
    ) -> Result<Response, EngineError> {
        let status = response.status().as_u16();
        if expected.contains(&status) {
            return Ok(response);
        }
        let bytes = self.bytes(response, action).unwrap_or_default();
        let message = match serde_json::from_slice::<Message>(&bytes) {
            Ok(Message { message }) if !message.is_empty() => line(&message),
            _ => line(&String::from_utf8_lossy(&bytes)),
        };
        Err(EngineError::Refused { action: action.to_owned(), message, status })
    }

    /// Reads a JSON document.
    pub(crate) fn document<T: DeserializeOwned>(
        &self,
        response: Response,
        action: &str,
    ) -> Result<T, EngineError> {
        let bytes = self.bytes(response, action)?;
        serde_json::from_slice(&bytes).map_err(|error| self.nonsense(action, error.to_string()))
    }

    pub(crate) fn bytes(&self, mut response: Response, action: &str) -> Result<Vec<u8>, EngineError> {
        let mut bytes = Vec::new();
        let body = response.body_mut().as_reader();
        body.take(LONGEST).read_to_end(&mut bytes).map_err(|error| self.cut(action, error.to_string()))?;
        Ok(bytes)
    }

    pub(crate) fn nonsense(&self, action: &str, problem: String) -> EngineError {
        EngineError::Nonsense { engine: self.name(), action: action.to_owned(), problem }
    }

    pub(crate) fn cut(&self, action: &str, cause: String) -> EngineError {
        EngineError::Cut { engine: self.name(), action: action.to_owned(), cause }
    }
}

/// A line of bearable length, whatever the engine says.
pub(crate) fn line(text: &str) -> String {
    let printable = |character: char| if character.is_control() { ' ' } else { character };
    text.trim().chars().map(printable).take(1000).collect()
}
