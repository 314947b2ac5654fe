//! The user database, as far as a build environment needs it: name and home directory of a user id.
//!
//! Read by hand: the C library's functions load plugins, which a static executable cannot.

use std::path::Path;

/// A user of the build environment.
#[derive(Debug, PartialEq, Eq)]
pub struct User {
    /// The user's name.
    pub name: String,
    /// The user's home directory.
    pub home: String,
}

/// Finds the user with the given id in a file of `/etc/passwd`'s form.
pub(crate) fn find(database: &Path, uid: u32) -> Option<User> {
    let bytes = fs_err::read(database).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _password, id) = (fields.next()?, fields.next()?, fields.next()?);
        let (_gid, _comment, home) = (fields.next()?, fields.next()?, fields.next()?);
        (id.parse() == Ok(uid)).then(|| User { name: name.to_owned(), home: home.to_owned() })
    })
}

#[cfg(test)]
mod tests {
    use super::{User, find};

    #[test]
    fn users_are_found_by_id() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs_err::write(
            file.path(),
            "root:x:0:0:root:/root:/bin/sh\nbroken\ncnb:x:1000:1001:,,:/home/cnb:/bin/bash\n",
        )
        .unwrap();
        assert_eq!(find(file.path(), 1000), Some(User { name: "cnb".into(), home: "/home/cnb".into() }));
        assert_eq!(find(file.path(), 7), None);
        assert_eq!(find("/nowhere".as_ref(), 0), None);
    }
}
