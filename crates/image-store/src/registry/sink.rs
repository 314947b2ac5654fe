//! A layer on its way to a registry.

use std::io::{self, Write};

use image::Descriptor;
use image::media_type;
use registry::{RegistryError, Upload};

use crate::registry::present::Present;
use crate::{FinishedLayer, LayerSink, StoreError};

/// Uploads a layer while it is written.
#[derive(Debug)]
pub(super) struct UploadSink {
    image: String,
    upload: Upload,
    received: u64,
    present: Present,
    /// Why the upload does not go on.
    failure: Option<RegistryError>,
}

impl UploadSink {
    pub(super) fn new(image: String, upload: Upload, present: Present) -> Self {
        Self { image, upload, received: 0, present, failure: None }
    }
}

impl Write for UploadSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.upload.write(bytes);
        match written {
            Ok(count) => self.received += count as u64,
            // What compresses may write on after a failure; the first one counts.
            Err(_) => self.failure = self.failure.take().or_else(|| self.upload.failure()),
        }
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl LayerSink for UploadSink {
    fn finish(&mut self, layer: FinishedLayer) -> Result<Descriptor, StoreError> {
        if self.received != layer.size {
            return Err(StoreError::WrongSize {
                image: self.image.clone(),
                digest: layer.digest,
                received: self.received,
                expected: layer.size,
            });
        }
        if let Err(failure) = self.upload.finish(&layer.digest) {
            let message = failure.to_string();
            self.failure = Some(failure);
            return Err(StoreError::Interrupted { image: self.image.clone(), message });
        }
        self.present.add(layer.digest);
        Ok(Descriptor::new(media_type::new_layer(), layer.size, layer.digest))
    }

    fn restart(&mut self) -> Result<bool, StoreError> {
        let Some(failure) = self.failure.take() else { return Ok(false) };
        if !self.upload.restart(&failure)? {
            return Err(failure.into());
        }
        self.received = 0;
        Ok(true)
    }
}
