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

/// Where an ELF file says what processor it is for, and how much of it has to be read for that.
const MACHINE: std::ops::Range<usize> = 18..20;

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

    /// Checks that a file is an executable for this architecture.
    pub(crate) fn check(&self, executable: &Path) -> Result<()> {
        let mut start = Vec::new();
        fs_err::File::open(executable)?.take(MACHINE.end as u64).read_to_end(&mut start)?;
        let machine: u16 = match self.architecture {
            Architecture::Amd64 => 62,
            Architecture::Arm64 => 183,
        };
        let expected = machine.to_le_bytes();
        ensure!(
            start.starts_with(b"\x7fELF") && start.get(MACHINE) == Some(expected.as_slice()),
            "'{}' is no executable for {}",
            executable.display(),
            self.triple
        );
        Ok(())
    }
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
}
