//! The user whom an image's processes run as.
//!
//! Spec: OCI image-spec config.md § Properties, `User`.

use std::path::Path;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use crate::in_root;

/// A user with what `/etc/passwd` says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// The home directory; `/` where it is unknown.
    pub(crate) home: String,
}

/// A line of `/etc/passwd`.
struct Account<'a> {
    name: &'a str,
    uid: u32,
    gid: u32,
    home: &'a str,
}

impl User {
    /// Checks the form `USER[:GROUP]`.
    pub(crate) fn check(text: &str) -> Result<()> {
        let mut parts = text.split(':');
        let (user, group) = (parts.next(), parts.next());
        let valid = |part: Option<&str>| {
            part.is_none_or(|part| !part.is_empty() && !part.contains(char::is_whitespace))
        };
        if !valid(user) || !valid(group) || parts.next().is_some() {
            bail!("'{text}' is no user; it has the form USER[:GROUP], with names or ids");
        }
        Ok(())
    }

    /// Finds the user that `text` names by name or id, in the form `USER[:GROUP]`. Without a group it has the
    /// one from `/etc/passwd`, or 0.
    ///
    /// # Errors
    /// The root file system does not know a name.
    pub(crate) fn find(text: &str, rootfs: &Path) -> Result<Self> {
        let (user, group) = match text.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (text, None),
        };
        let passwd = in_root::read_to_string(rootfs, "etc/passwd")?.unwrap_or_default();
        let user = if user.is_empty() { "0" } else { user };
        let id = user.parse().ok();
        let known =
            accounts(&passwd).find(|account| id.map_or(account.name == user, |uid: u32| account.uid == uid));
        let (uid, own_gid, home) = match (known, id) {
            (Some(account), _) => (account.uid, account.gid, account.home),
            (None, Some(uid)) => (uid, 0, ""),
            (None, None) => bail!("the image's user '{user}' is not in its /etc/passwd"),
        };
        let gid = match group.filter(|group| !group.is_empty()) {
            Some(group) => gid_of(group, rootfs)?,
            None => own_gid,
        };
        let home = if home.is_empty() { "/" } else { home };
        Ok(Self { uid, gid, home: home.to_owned() })
    }
}

fn accounts(passwd: &str) -> impl Iterator<Item = Account<'_>> {
    passwd.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let (name, uid, gid) = (fields.next()?, fields.nth(1)?, fields.next()?);
        let home = fields.nth(1).unwrap_or_default();
        Some(Account { name, uid: uid.parse().ok()?, gid: gid.parse().ok()?, home })
    })
}

fn gid_of(group: &str, rootfs: &Path) -> Result<u32> {
    if let Ok(gid) = group.parse() {
        return Ok(gid);
    }
    let groups = in_root::read_to_string(rootfs, "etc/group")?.unwrap_or_default();
    let gid = groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == group).then(|| fields.nth(1)?.parse().ok())?
    });
    match gid {
        Some(gid) => Ok(gid),
        None => bail!("the image's group '{group}' is not in its /etc/group"),
    }
}

#[cfg(test)]
mod tests {
    use super::User;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\n# comment\nbroken:x\ncnb:x:1000:1001:,,:/home/cnb:/bin/sh\n\
                          homeless:x:1002:1002\n";

    #[test]
    fn names_and_ids_are_looked_up_in_the_root_file_system() {
        let root = tempfile::tempdir().unwrap();
        fs_err::create_dir(root.path().join("etc")).unwrap();
        fs_err::write(root.path().join("etc/passwd"), PASSWD).unwrap();
        fs_err::write(root.path().join("etc/group"), "root:x:0:\nstaff:x:50:cnb\n").unwrap();
        for (text, uid, gid, home) in [
            ("", 0, 0, "/root"),
            ("root", 0, 0, "/root"),
            ("cnb", 1000, 1001, "/home/cnb"),
            ("1000", 1000, 1001, "/home/cnb"),
            ("1000:1000", 1000, 1000, "/home/cnb"),
            ("cnb:staff", 1000, 50, "/home/cnb"),
            ("cnb:", 1000, 1001, "/home/cnb"),
            ("homeless", 1002, 1002, "/"),
            ("4711", 4711, 0, "/"),
            ("4711:staff", 4711, 50, "/"),
        ] {
            let expected = User { uid, gid, home: home.to_owned() };
            assert_eq!(User::find(text, root.path()).unwrap(), expected, "{text}");
        }
        for (text, named) in [("nobody", "'nobody'"), ("cnb:wheel", "'wheel'"), ("broken", "'broken'")] {
            let error = User::find(text, root.path()).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn ids_need_no_files() {
        let root = tempfile::tempdir().unwrap();
        let expected = User { uid: 1000, gid: 1000, home: "/".to_owned() };
        assert_eq!(User::find("1000:1000", root.path()).unwrap(), expected);
        assert!(User::find("cnb", root.path()).is_err());
    }

    #[test]
    fn forms_are_checked() {
        for text in ["1000", "1000:1000", "cnb:staff"] {
            User::check(text).unwrap();
        }
        for text in ["", ":", "cnb:", ":1", "a:b:c", "a b"] {
            assert!(User::check(text).is_err(), "{text}");
        }
    }
}
