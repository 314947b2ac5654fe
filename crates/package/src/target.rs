//! The architectures that packages are made for.

use std::io::Read;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Result, bail, ensure};

/// A Rust target whose executables are packaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    triple: String,
    architecture: Architecture,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Architecture {
    Amd64,
    Arm64,
}

/// How much of an executable is looked at, in bytes: linkers put the headers first.
const HEADERS: u64 = 4096;

/// The kind of the program header that asks for a dynamic linker (`PT_INTERP`).
const INTERPRETER: u64 = 3;

impl Target {
    /// The target by Rust's name.
    pub(crate) fn triple(&self) -> &str {
        &self.triple
    }

    /// The architecture by Go's name, which images have.
    pub(crate) fn architecture(&self) -> &'static str {
        match self.architecture {
            Architecture::Amd64 => "amd64",
            Architecture::Arm64 => "arm64",
        }
    }

    /// The architecture as the names of lifecycle tarballs have it; clients look for them by name.
    pub(crate) fn in_file_names(&self) -> &'static str {
        match self.architecture {
            Architecture::Amd64 => "x86-64",
            Architecture::Arm64 => "arm64",
        }
    }

    /// Checks that a file is an executable for this architecture that needs nothing beside it.
    pub(crate) fn check(&self, executable: &Path) -> Result<()> {
        let mut start = Vec::new();
        fs_err::File::open(executable)?.take(HEADERS).read_to_end(&mut start)?;
        let path = executable.display();
        let machine = match self.architecture {
            Architecture::Amd64 => 62,
            Architecture::Arm64 => 183,
        };
        ensure!(
            start.starts_with(b"\x7fELF") && number(&start, 18, 2) == Some(machine),
            "'{path}' is no executable for {}",
            self.triple
        );
        ensure!(
            !program_headers(&start).contains(&INTERPRETER),
            "'{path}' needs a dynamic linker, which images may not have; build it with \
             -C target-feature=+crt-static, as `make build` does"
        );
        Ok(())
    }
}

/// The kinds of the program headers of an ELF file of 64 bits, as far as they can be read.
fn program_headers(start: &[u8]) -> Vec<u64> {
    let field = |offset, size| number(start, offset, size).and_then(|value| usize::try_from(value).ok());
    let (Some(table), Some(size), Some(count)) = (field(32, 8), field(54, 2), field(56, 2)) else {
        return Vec::new();
    };
    let offsets = (0..count).filter_map(|index| size.checked_mul(index)?.checked_add(table));
    offsets.filter_map(|offset| number(start, offset, 4)).collect()
}

/// A little-endian number of some bytes.
fn number(bytes: &[u8], offset: usize, size: usize) -> Option<u64> {
    let bytes = bytes.get(offset..offset.checked_add(size)?)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

impl FromStr for Target {
    type Err = anyhow::Error;

    fn from_str(triple: &str) -> Result<Self> {
        let architecture = match triple.split('-').next() {
            Some("x86_64") => Architecture::Amd64,
            Some("aarch64") => Architecture::Arm64,
            _ => bail!("there are no packages for the target '{triple}'; there are for x86_64 and aarch64"),
        };
        ensure!(
            triple.contains("-linux"),
            "there are packages for Linux only, not for the target '{triple}'"
        );
        Ok(Self { triple: triple.to_owned(), architecture })
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn images_and_tarballs_have_their_own_names_for_architectures() {
        for (triple, in_images, in_file_names) in [
            ("x86_64-unknown-linux-gnu", "amd64", "x86-64"),
            ("x86_64-unknown-linux-musl", "amd64", "x86-64"),
            ("aarch64-unknown-linux-gnu", "arm64", "arm64"),
        ] {
            let target: Target = triple.parse().unwrap();
            assert_eq!((target.architecture(), target.in_file_names()), (in_images, in_file_names));
        }
        for triple in ["", "riscv64gc-unknown-linux-gnu", "x86_64-apple-darwin"] {
            assert!(triple.parse::<Target>().is_err(), "{triple}");
        }
    }

    #[test]
    fn executables_are_for_the_architecture() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("program");
        let (amd64, arm64): (Target, Target) =
            ("x86_64-unknown-linux-gnu".parse().unwrap(), "aarch64-unknown-linux-gnu".parse().unwrap());
        let elf = |machine: u8| [b"\x7fELF".as_slice(), &[0; 14], &[machine, 0], b"more"].concat();
        for (bytes, for_amd64, for_arm64) in
            [(elf(62), true, false), (elf(183), false, true), (b"#!/bin/sh\n".to_vec(), false, false)]
        {
            fs_err::write(&path, bytes).unwrap();
            assert_eq!((amd64.check(&path).is_ok(), arm64.check(&path).is_ok()), (for_amd64, for_arm64));
        }
    }
    #[test]
    fn executables_need_no_dynamic_linker() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("program");
        let target: Target = "x86_64-unknown-linux-gnu".parse().unwrap();
        for (kinds, expected) in [([1, 2], true), ([1, 3], false), ([3, 1], false)] {
            let mut bytes = [b"\x7fELF".as_slice(), &[0; 14], &[62, 0], &[0; 44]].concat();
            (bytes[32], bytes[54], bytes[56]) = (64, 56, 2);
            for kind in kinds {
                bytes.extend([kind, 0, 0, 0]);
                bytes.extend([0; 52]);
            }
            fs_err::write(&path, bytes).unwrap();
            assert_eq!(target.check(&path).is_ok(), expected, "{kinds:?}");
        }
    }
}
