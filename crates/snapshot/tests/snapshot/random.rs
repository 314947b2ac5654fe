//! Trees that are changed at random: whatever happens to one root, its layers bring to another.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::{Roots, is_root, set_attribute, set_time, tree};

/// Numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    /// Something in the root, or the root.
    fn path(&mut self, root: &Path) -> PathBuf {
        let paths: Vec<_> = tree(root).into_keys().collect();
        match self.roll(paths.len() + 1) {
            0 => root.to_owned(),
            number => root.join(&paths[number - 1]),
        }
    }

    fn directory(&mut self, root: &Path) -> PathBuf {
        let mut path = self.path(root);
        while !fs_err::symlink_metadata(&path).unwrap().is_dir() {
            path.pop();
        }
        path
    }

    /// A name in a directory that may be taken or not.
    fn name(&mut self, root: &Path) -> PathBuf {
        let name = ["a", "b", "a-b", "a.b", "c", "dir", "z"][self.roll(7)];
        self.directory(root).join(name)
    }

    fn change(&mut self, root: &Path) {
        // What can't be done, such as moving a directory into itself, is left.
        let path = self.path(root);
        let name = self.name(root);
        match self.roll(12) {
            0 | 1 => _ = fs_err::write(&name, vec![b'x'; self.roll(2_000)]),
            2 => _ = fs_err::create_dir(&name),
            3 => _ = fs_err::hard_link(&path, &name),
            4 => _ = std::os::unix::fs::symlink(self.name(root), &name),
            5 | 6 => _ = fs_err::rename(&path, &name),
            7 if path != root => _ = fs_err::remove_file(&path),
            8 if path != root && self.roll(4) == 0 => _ = fs_err::remove_dir_all(&path),
            9 if path != root && self.roll(4) == 0 && fs_err::remove_dir_all(&path).is_ok() => {
                fs_err::create_dir(&path).unwrap();
            }
            10 if !path.is_symlink() && path != root => {
                let mode = [0o755, 0o700, 0o4711, 0o1777, 0o2750][self.roll(5)];
                _ = fs_err::set_permissions(&path, PermissionsExt::from_mode(mode));
            }
            11 if path != root => match self.roll(3) {
                0 => set_time(&path, 1_000_000_000 + i64::try_from(self.roll(9)).unwrap(), 5),
                1 => _ = set_attribute(&path, "user.a", &vec![b'v'; self.roll(9)]),
                _ if is_root() => std::os::unix::fs::lchown(&path, Some(7), Some(8)).unwrap(),
                _ => {}
            },
            _ => {}
        }
    }
}

#[test]
fn layers_bring_every_change() {
    for seed in 1..=40 {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
        let mut roots = Roots::new(|root| (0..80).for_each(|_| dice.change(root)));
        for _ in 0..8 {
            let count = dice.roll(12);
            roots.step(|root| (0..count).for_each(|_| dice.change(root)));
        }
    }
}
