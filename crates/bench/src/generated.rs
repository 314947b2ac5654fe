//! Invented content: a tree shaped like an installed npm tree, for machines that can't install one, and noise.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Result;

/// What source text is made of, in pieces of eight bytes; it compresses about as JavaScript does.
const SOURCE: &[u8] = b"function return export {options.import *exports.\n  const = () => module.exports =callback(error)  { if (!\
    index + 'string');\n};\n\n";

/// Writes `files` files of together about `bytes` bytes below `directory`, the same each time: packages of sources,
/// most of them small, and every 500th file a large one without pattern, as native libraries nearly are.
pub(crate) fn write(directory: &Path, files: u64, bytes: u64) -> Result<()> {
    let mean = bytes / files.max(1);
    let mut number = numbers();
    for file in 0..files {
        let folder = directory.join(format!("node_modules/package-{}/lib-{}", file / 150, file % 3));
        fs_err::create_dir_all(&folder)?;
        if file % 500 == 499 {
            let piece = |out: &mut dyn Write| out.write_all(&number().to_le_bytes());
            write_file(&folder.join(format!("native-{file}.node")), mean * 125, piece)?;
        } else {
            // Between nothing and six times the mean, small ones far more often: 3/4 of the mean on average.
            let share = number() % 1024 * (number() % 1024) / 1024 * (number() % 1024) / 1024;
            let piece = |out: &mut dyn Write| {
                let word = usize::try_from(number() % 16).unwrap_or(0);
                out.write_all(SOURCE.chunks_exact(8).nth(word).unwrap_or(b"        "))
            };
            write_file(&folder.join(format!("module-{file}.js")), share * mean * 6 / 1024, piece)?;
        }
    }
    Ok(())
}

/// Writes a file without pattern, which no compression makes smaller, the same each time.
pub(crate) fn write_noise(path: &Path, bytes: u64) -> Result<()> {
    let mut number = numbers();
    write_file(path, bytes, |out| out.write_all(&number().to_le_bytes()))
}

/// Marsaglia's xorshift: numbers that look random and are the same each time.
fn numbers() -> impl FnMut() -> u64 {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    }
}

/// Writes a file in pieces of eight bytes.
fn write_file(path: &Path, size: u64, mut piece: impl FnMut(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut file = BufWriter::new(fs_err::File::create(path)?);
    for _ in 0..size / 8 {
        piece(&mut file)?;
    }
    Ok(file.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Tree;

    #[test]
    fn has_the_size_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), 2000, 4_000_000).unwrap();
        let tree = Tree::measure(dir.path()).unwrap();
        assert_eq!(tree.files, 2000);
        assert!((3_500_000..4_500_000).contains(&tree.bytes), "{}", tree.bytes);
    }

    #[test]
    fn is_the_same_each_time() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for dir in [&one, &two] {
            write(dir.path(), 20, 20_000).unwrap();
        }
        let name = "node_modules/package-0/lib-1/module-7.js";
        let read = |dir: &tempfile::TempDir| fs_err::read(dir.path().join(name)).unwrap();
        assert_eq!(read(&one), read(&two));
        assert!(!read(&one).is_empty());
    }
}
