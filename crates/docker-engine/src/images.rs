//! Images of an engine.

use std::io::{self, Read};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::Value;
use ureq::http::Method;

use crate::client::Engine;
use crate::error::EngineError;

/// What stands as it is in the names of images, which are part of a path.
const IN_PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'/').remove(b':').remove(b'@');

/// What an engine tells of an image.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the fields are those of the API")]
pub struct ImageInspect {
    pub id: String,
    pub created: Option<String>,
    pub author: String,
    pub architecture: String,
    pub os: String,
    pub os_version: String,
    pub variant: String,
    pub config: Option<Value>,
    #[serde(rename = "RootFS")]
    pub root_fs: RootFs,
    pub repo_tags: Option<Vec<String>>,
}

/// The layers of an image.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct RootFs {
    /// Always `layers`.
    pub r#type: String,
    /// The digests of the layers' archives, the bottom one first.
    pub layers: Option<Vec<String>>,
}

/// A step in which an image was made.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct HistoryItem {
    /// When, in Unix seconds.
    pub created: i64,
    /// What made it.
    pub created_by: String,
    /// A remark.
    pub comment: String,
}

impl Engine {
    /// Describes an image, by name or id; `None` when there is no such image. Where the engine has it for
    /// several platforms, `platform` chooses: an OCI platform in JSON.
    ///
    /// # Errors
    /// The engine does not tell.
    pub fn inspect(&self, image: &str, platform: Option<&str>) -> Result<Option<ImageInspect>, EngineError> {
        let action = format!("describe image '{image}'");
        let path = self.of_platform(&format!("/images/{}/json", encoded(image)), platform);
        match self.get(&path, &action) {
            Ok(answer) => self.document(answer, &action).map(Some),
            Err(EngineError::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The id of an image, whatever the platform.
    ///
    /// # Errors
    /// The engine does not tell, or has no such image.
    pub fn id(&self, image: &str) -> Result<String, EngineError> {
        let found = self.inspect(image, None)?;
        found.map(|image| image.id).ok_or_else(|| EngineError::NoImage { image: image.to_owned() })
    }

    /// How an image was made, the last step first. The steps of the layers cannot be told from others.
    ///
    /// # Errors
    /// The engine does not tell.
    pub fn history(&self, image: &str, platform: Option<&str>) -> Result<Vec<HistoryItem>, EngineError> {
        let action = format!("tell the history of image '{image}'");
        let path = self.of_platform(&format!("/images/{}/history", encoded(image)), platform);
        let answer = self.get(&path, &action).map_err(|error| absent(error, image))?;
        self.document::<Option<Vec<HistoryItem>>>(answer, &action).map(Option::unwrap_or_default)
    }

    /// Fetches an image: a tar archive with its config and its layers, in Docker's or OCI's form.
    ///
    /// # Errors
    /// The engine refuses.
    pub fn save(&self, image: &str, platform: Option<&str>) -> Result<Box<dyn Read + Send>, EngineError> {
        let action = format!("fetch image '{image}'");
        let path = self.of_platform(&format!("/images/{}/get", encoded(image)), platform);
        let answer = self.send(Method::GET, &path, (), &action, None)?;
        let answer = self.expect(answer, &action, &[200]).map_err(|error| absent(error, image))?;
        Ok(Box::new(Saved { body: answer.into_body().into_reader(), engine: self.clone(), action }))
    }

    /// Gives an image another name.
    ///
    /// # Errors
    /// The engine refuses.
    pub fn tag(&self, image: &str, repository: &str, tag: &str) -> Result<(), EngineError> {
        let action = format!("name image '{image}' '{repository}:{tag}'");
        let (repository, tag) = (query(repository), query(tag));
        let path = format!("/images/{}/tag?repo={repository}&tag={tag}", encoded(image));
        let answer = self.change(Method::POST, &path, &action)?;
        let answer = self.expect(answer, &action, &[201]).map_err(|error| absent(error, image))?;
        self.bytes(answer, &action).map(|_| ())
    }

    /// Takes a name from an image, and removes the image with its last name.
    ///
    /// # Errors
    /// The engine refuses, or has no such image.
    pub fn remove(&self, image: &str) -> Result<(), EngineError> {
        let action = format!("remove image '{image}'");
        let answer = self.change(Method::DELETE, &format!("/images/{}", encoded(image)), &action)?;
        let answer = self.expect(answer, &action, &[200]).map_err(|error| absent(error, image))?;
        self.bytes(answer, &action).map(|_| ())
    }

    fn of_platform(&self, path: &str, platform: Option<&str>) -> String {
        match platform.filter(|_| self.has_platforms()) {
            Some(platform) => format!("{path}?platform={}", query(platform)),
            None => path.to_owned(),
        }
    }
}

/// What was fetched; an end before the end is told with the engine's name.
struct Saved<R> {
    body: R,
    engine: Engine,
    action: String,
}

impl<R: Read> Read for Saved<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let named =
            |error: io::Error| io::Error::new(error.kind(), self.engine.cut(&self.action, error.to_string()));
        self.body.read(buffer).map_err(named)
    }
}

fn absent(error: EngineError, image: &str) -> EngineError {
    match error {
        EngineError::Refused { status: 404, .. } => EngineError::NoImage { image: image.to_owned() },
        error => error,
    }
}

fn encoded(image: &str) -> String {
    utf8_percent_encode(image, IN_PATH).to_string()
}

fn query(value: &str) -> String {
    utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()
}
