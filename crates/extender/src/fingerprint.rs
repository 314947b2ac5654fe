//! What cached layers are known by: a digest of all that a step depends on.

use sha2::{Digest as _, Sha256};

/// A digest in the making. Each part is told apart from the next.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fingerprint(Sha256);

impl Fingerprint {
    /// Of a step of this kind.
    pub(crate) fn of(kind: &str) -> Self {
        Self::default().with(kind)
    }

    pub(crate) fn with(mut self, part: impl AsRef<[u8]>) -> Self {
        self.add(part);
        self
    }

    pub(crate) fn add(&mut self, part: impl AsRef<[u8]>) {
        let part = part.as_ref();
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    pub(crate) fn add_all<T: AsRef<[u8]>>(&mut self, parts: impl IntoIterator<Item = T>) {
        let mut count = 0_u64;
        for part in parts {
            self.add(part);
            count += 1;
        }
        self.0.update(count.to_le_bytes());
    }

    /// The digest, in hexadecimal digits.
    pub(crate) fn finish(self) -> String {
        spec_model::Digest::from_sha256(self.0.finalize().into()).hex().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::Fingerprint;

    #[test]
    fn parts_are_told_apart() {
        let one = Fingerprint::of("x").with("ab").with("c").finish();
        let other = Fingerprint::of("x").with("a").with("bc").finish();
        assert!(one != other && one.len() == 64);
        assert_eq!(one, Fingerprint::of("x").with("ab").with("c").finish());
    }
}
