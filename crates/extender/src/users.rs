//! Users and groups by name, as the extended file system knows them. Read by hand: the C library would look
//! into this process's own.

use std::path::Path;

use crate::rooted::Rooted;

/// Whom a command runs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// The groups the user is a member of besides.
    pub(crate) groups: Vec<u32>,
    pub(crate) home: String,
}

/// A name that the file system does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no {kind} '{name}' in {file}; make it in an earlier instruction, or give its id")]
pub struct UnknownName {
    kind: &'static str,
    name: String,
    file: &'static str,
}

/// The databases of users and groups.
#[derive(Debug, Clone, Default)]
pub(crate) struct Users {
    passwd: String,
    group: String,
}

impl Users {
    /// Reads them; what cannot be read counts as empty, as in images without users.
    pub(crate) fn read(root: &Rooted) -> Self {
        let text = |file: &str| {
            let bytes = root.resolve(Path::new(file)).and_then(fs_err::read).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        Self { passwd: text("/etc/passwd"), group: text("/etc/group") }
    }

    /// Finds whom a `USER` instruction means: `<name or id>[:<name or id>]`; nobody in particular is root.
    pub(crate) fn user(&self, text: &str) -> Result<User, UnknownName> {
        let (user, group) = text.split_once(':').map_or((text, None), |(user, group)| (user, Some(group)));
        let user = if user.is_empty() { "0" } else { user };
        let entry = self.entry(user);
        let id = entry.as_ref().map(|entry| entry.uid).or_else(|| user.parse().ok());
        let uid = id.ok_or_else(|| unknown("user", user))?;
        let (gid, groups) = match (group, &entry) {
            (Some(group), _) => (self.gid(group)?, Vec::new()),
            (None, Some(entry)) => (entry.gid, self.groups_of(entry.name)),
            (None, None) => (0, Vec::new()),
        };
        let home = entry.map(|entry| entry.home).filter(|home| !home.is_empty()).unwrap_or("/");
        Ok(User { uid, gid, groups, home: home.to_owned() })
    }

    /// Finds the owner that `--chown` means. Without a group it is the one of the same id.
    pub(crate) fn owner(&self, text: &str) -> Result<(u32, u32), UnknownName> {
        let (user, group) = text.split_once(':').map_or((text, None), |(user, group)| (user, Some(group)));
        let uid = user.parse().ok().or_else(|| self.entry(user).map(|entry| entry.uid));
        let uid = uid.ok_or_else(|| unknown("user", user))?;
        Ok((uid, group.map_or(Ok(uid), |group| self.gid(group))?))
    }

    fn entry(&self, user: &str) -> Option<Entry<'_>> {
        let by_name = self.entries().find(|entry| entry.name == user);
        let id: Option<u32> = user.parse().ok();
        by_name.or_else(|| self.entries().find(|entry| Some(entry.uid) == id))
    }

    fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.passwd.lines().filter_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let [name, _, uid, gid, _, home, ..] = fields.as_slice() else { return None };
            Some(Entry { name, uid: uid.parse().ok()?, gid: gid.parse().ok()?, home })
        })
    }

    fn gid(&self, group: &str) -> Result<u32, UnknownName> {
        let by_name = self.group_lines().find(|(name, ..)| *name == group).map(|(_, gid, _)| gid);
        by_name.or_else(|| group.parse().ok()).ok_or_else(|| unknown("group", group))
    }

    fn groups_of(&self, user: &str) -> Vec<u32> {
        let is_member = |members: &str| members.split(',').any(|member| member == user);
        self.group_lines().filter(|(_, _, members)| is_member(members)).map(|(_, gid, _)| gid).collect()
    }

    fn group_lines(&self) -> impl Iterator<Item = (&str, u32, &str)> {
        self.group.lines().filter_map(|line| {
            let mut fields = line.split(':');
            let (name, _, gid) = (fields.next()?, fields.next()?, fields.next()?);
            Some((name, gid.parse().ok()?, fields.next().unwrap_or_default()))
        })
    }
}

/// A user of the database.
struct Entry<'a> {
    name: &'a str,
    uid: u32,
    gid: u32,
    home: &'a str,
}

fn unknown(kind: &'static str, name: &str) -> UnknownName {
    let file = if kind == "user" { "/etc/passwd" } else { "/etc/group" };
    UnknownName { kind, name: name.to_owned(), file }
}

/// Whether a container of an image with this user runs as root, as far as the text tells.
pub(crate) fn is_root(user: &str) -> bool {
    let user = user.split(':').next().unwrap_or_default();
    user.is_empty() || user == "root" || user.parse() == Ok(0_u32)
}

#[cfg(test)]
mod tests {
    use super::{User, Users, is_root};

    fn users() -> Users {
        Users {
            passwd:
                "root:x:0:0:root:/root:/bin/sh\nbroken\ncnb:x:1000:1001:,,:/home/cnb:/bin/sh\n7:x:8:9::/:\n"
                    .into(),
            group: "root:x:0:\ncnb:x:1001:\ntools:x:50:other,cnb\nbroken\n".into(),
        }
    }

    #[test]
    fn users_are_known_by_name_or_id() {
        let user = |uid, gid, groups: &[u32], home: &str| User {
            uid,
            gid,
            groups: groups.into(),
            home: home.into(),
        };
        for (text, expected) in [
            ("", user(0, 0, &[], "/root")),
            ("cnb", user(1000, 1001, &[50], "/home/cnb")),
            ("1000", user(1000, 1001, &[50], "/home/cnb")),
            ("1000:0", user(1000, 0, &[], "/home/cnb")),
            ("cnb:tools", user(1000, 50, &[], "/home/cnb")),
            ("4000", user(4000, 0, &[], "/")),
            ("7", user(8, 9, &[], "/")),
        ] {
            assert_eq!(users().user(text).as_ref(), Ok(&expected), "{text}");
        }
        for (text, part) in
            [("nobody", "no user 'nobody'"), ("cnb:staff", "no group 'staff'"), ("-1", "'-1'")]
        {
            assert!(users().user(text).unwrap_err().to_string().contains(part), "{text}");
        }
    }

    #[test]
    fn owners_without_group_get_the_one_of_their_id() {
        for (text, expected) in
            [("cnb", (1000, 1000)), ("5", (5, 5)), ("5:tools", (5, 50)), ("cnb:7", (1000, 7))]
        {
            assert_eq!(users().owner(text), Ok(expected), "{text}");
        }
        assert!(users().owner("").is_err());
        assert!(users().owner("x:y").is_err());
    }

    #[test]
    fn root_has_several_names() {
        for user in ["", "0", "00", "root", "root:root", "0:1000", ":5"] {
            assert!(is_root(user), "{user}");
        }
        for user in ["1000", "cnb", "1000:0", "roots"] {
            assert!(!is_root(user), "{user}");
        }
    }
}
