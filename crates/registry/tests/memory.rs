//! Blobs of any size pass in bounded memory. The only test of its process: it measures that.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{self, Read, Write};

use credentials::Keychain;
use registry::{Access, Client, Patience};
use sha2::{Digest as _, Sha256};
use test_registry::TestRegistry;

const PATTERN: usize = 1024 * 1024;
const REPEATED: usize = 300;

/// The most that the process and its threads may need for it, in KiB.
const LIMIT: u64 = 40 * 1024;

/// The most memory that the process has had so far, in KiB.
fn peak() -> u64 {
    let status = fs_err::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Hashes what is written.
struct Hashing(Sha256);

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_large_blob_passes_in_little_memory() {
    let Some(registry) = TestRegistry::plain() else { return };
    let pattern: Vec<u8> = (0..PATTERN / 4)
        .flat_map(|n| u32::try_from(n).unwrap().wrapping_mul(0x9e37_79b9).to_le_bytes())
        .collect();
    let mut hashing = Hashing(Sha256::new());
    (0..REPEATED).for_each(|_| hashing.write_all(&pattern).unwrap());
    let expected = hashing.0.finalize();
    let digest = spec_model::Digest::from_sha256(expected.into());
    let client = Client::new(&[], Keychain::default(), &[], Patience::default());
    let reference = format!("{}/app", registry.address()).parse().unwrap();
    let before = peak();

    let repository = client.repository(&reference, Access::Push);
    let mut upload = repository.upload().unwrap();
    (0..REPEATED).for_each(|_| upload.write_all(&pattern).unwrap());
    upload.finish(&digest).unwrap();
    let after_upload = peak();

    let mut download = repository.blob(&digest, (PATTERN * REPEATED) as u64).unwrap().unwrap();
    let mut hashing = Hashing(Sha256::new());
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = download.read(&mut buffer).unwrap();
        if count == 0 {
            break;
        }
        hashing.write_all(&buffer[..count]).unwrap();
    }
    assert_eq!(hashing.0.finalize(), expected);
    let after = peak();
    assert!(after - before < LIMIT, "from {before} to {after_upload} and {after} KiB");
}
