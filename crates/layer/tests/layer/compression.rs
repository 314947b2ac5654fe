//! The compressed bytes: the same everywhere, and readable by everyone.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use crate::support::{compressors, mixed_bytes};
use layer::{LayerSource, LayerSummary, ProcessType, decompress};
use sha2::{Digest as _, Sha256};

/// A layer whose archive is the same in every run: the launcher's, of some size.
fn sample(directory: &tempfile::TempDir, size: usize) -> LayerSource {
    let file = directory.path().join("launcher");
    fs_err::write(&file, mixed_bytes(size)).unwrap();
    LayerSource::launcher("sample", &file)
}

fn write(source: &LayerSource, count: usize) -> (LayerSummary, Vec<u8>) {
    let mut compressed = Vec::new();
    let summary = source.write(&mut compressed, None, compressors(count)).unwrap();
    (summary, compressed)
}

fn archive(source: &LayerSource) -> Vec<u8> {
    let mut archive = Vec::new();
    source.write_uncompressed(&mut archive).unwrap();
    archive
}

/// Runs gzip with some input; a missing gzip fails the test.
fn system_gzip(input: Vec<u8>) -> Vec<u8> {
    let mut gzip =
        Command::new("gzip").arg("-dc").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = gzip.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&input).unwrap());
    let output = gzip.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    output.stdout
}

#[test]
fn the_bytes_do_not_depend_on_the_number_of_compressors() {
    let directory = tempfile::tempdir().unwrap();
    let source = sample(&directory, 9_000_000);
    let (one, bytes) = write(&source, 1);
    for count in [2, 3, 4, 4, 4] {
        let (summary, again) = write(&source, count);
        assert_eq!(summary, one, "{count}");
        assert!(again == bytes, "{count}");
    }
}

/// Changes with the block size, the level and the version of the compressor. If so on purpose, all layers get
/// new digests, though not new diffIDs: registries then store them once more.
#[test]
fn the_digest_is_pinned() {
    let directory = tempfile::tempdir().unwrap();
    let (summary, _) = write(&sample(&directory, 2_000_000), 2);
    // As the Go lifecycle 0.21.17 makes it.
    let diff_id = "sha256:fafd844f23785bc63739608df59d8a7ac568ddee871efba1e18144d60511ad1b";
    assert_eq!(summary.diff_id.to_string(), diff_id);
    assert_eq!(
        summary.digest.to_string(),
        "sha256:960ab267950b72eb3a367f6dbf0d00d2fdcc042d9bb7a21a2d9e0b400531303f"
    );
}

#[test]
fn others_can_decompress_it() {
    let directory = tempfile::tempdir().unwrap();
    for size in [0, 1, 512 * 1024 - 2048, 512 * 1024 - 2047, 512 * 1024, 3_000_000] {
        let source = sample(&directory, size);
        let archive = archive(&source);
        let (_, compressed) = write(&source, 2);
        assert!(system_gzip(compressed.clone()) == archive, "{size}");
        // One member, as some readers stop after the first.
        let mut inflated = Vec::new();
        flate2::read::GzDecoder::new(&compressed[..]).read_to_end(&mut inflated).unwrap();
        assert!(inflated == archive, "{size}");
        inflated.clear();
        decompress(&compressed[..]).unwrap().read_to_end(&mut inflated).unwrap();
        assert!(inflated == archive, "{size}");
    }
}

#[test]
fn what_cannot_be_compressed_hardly_grows() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("random");
    let dense: Vec<u8> = write(&sample(&directory, 6_000_000), 1).1;
    fs_err::write(&file, &dense).unwrap();
    let source = LayerSource::launcher("dense", &file);
    let (summary, compressed) = write(&source, 2);
    assert!(summary.compressed_size < summary.uncompressed_size + summary.uncompressed_size / 500);
    assert!(system_gzip(compressed) == archive(&source));
}

#[test]
fn the_digest_is_that_of_the_bytes() {
    let types = vec![ProcessType::new("web").unwrap()];
    let (summary, compressed) = write(&LayerSource::process_types("types", types), 2);
    let hash = Sha256::digest(&compressed);
    assert_eq!(summary.digest, spec_model::Digest::from_sha256(hash.into()));
    assert_eq!(summary.compressed_size, compressed.len() as u64);
}
