//! The variables themselves: names and values of any bytes, sorted by name.

use std::ffi::{OsStr, OsString};
use std::slice;

/// An environment: variables sorted by name.
///
/// Names and values are whatever bytes the system gave, UTF-8 or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    // Sorted by name. There are some dozens, for which this is the fastest and smallest form.
    variables: Vec<(OsString, OsString)>,
}

impl Environment {
    /// The value of a variable.
    #[must_use]
    pub fn get(&self, name: impl AsRef<OsStr>) -> Option<&OsStr> {
        let index = self.find(name.as_ref()).ok()?;
        self.variables.get(index).map(|(_, value)| value.as_os_str())
    }

    /// Sets a variable, whatever it was before.
    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        let (name, value) = (name.into(), value.into());
        match self.find(&name) {
            Ok(index) => {
                if let Some(variable) = self.variables.get_mut(index) {
                    variable.1 = value;
                }
            }
            Err(index) => self.variables.insert(index, (name, value)),
        }
    }

    /// Takes a variable away.
    pub fn remove(&mut self, name: impl AsRef<OsStr>) {
        self.variables.retain(|(known, _)| known != name.as_ref());
    }

    /// Names and values, sorted by name.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        self.into_iter()
    }

    /// Puts `value` in front of what the variable holds, with the delimiter between the two if it holds
    /// anything.
    pub(crate) fn prepend(&mut self, name: &OsStr, value: &OsStr, delimiter: &OsStr) {
        let joined = match self.content(name) {
            Some(old) => [value, old].join(delimiter),
            None => value.to_owned(),
        };
        self.set(name, joined);
    }

    /// Puts `value` behind what the variable holds, with the delimiter between the two if it holds
    /// anything.
    pub(crate) fn append(&mut self, name: &OsStr, value: &OsStr, delimiter: &OsStr) {
        let joined = match self.content(name) {
            Some(old) => [old, value].join(delimiter),
            None => value.to_owned(),
        };
        self.set(name, joined);
    }

    /// Sets a variable that is unset or empty.
    pub(crate) fn set_default(&mut self, name: &OsStr, value: &OsStr) {
        if self.content(name).is_none() {
            self.set(name, value);
        }
    }

    /// The variable's place, or the one where it would be.
    fn find(&self, name: &OsStr) -> Result<usize, usize> {
        self.variables.binary_search_by(|(known, _)| known.as_os_str().cmp(name))
    }

    /// The value; none where the variable is empty, which to the rules is the same as unset.
    fn content(&self, name: &OsStr) -> Option<&OsStr> {
        self.get(name).filter(|value| !value.is_empty())
    }
}

/// Of a name given twice the first value counts, as it does for `getenv`.
impl FromIterator<(OsString, OsString)> for Environment {
    fn from_iter<I: IntoIterator<Item = (OsString, OsString)>>(variables: I) -> Self {
        let mut environment = Self::default();
        for (name, value) in variables {
            if let Err(index) = environment.find(&name) {
                environment.variables.insert(index, (name, value));
            }
        }
        environment
    }
}

/// Names and values of an [`Environment`], sorted by name.
#[derive(Debug, Clone)]
pub struct Iter<'a>(slice::Iter<'a, (OsString, OsString)>);

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a OsStr, &'a OsStr);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

impl<'a> IntoIterator for &'a Environment {
    type Item = (&'a OsStr, &'a OsStr);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        Iter(self.variables.iter())
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::Environment;

    fn of(variables: &[(&str, &str)]) -> Environment {
        variables.iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    #[test]
    fn delimiters_stand_between_values_only() {
        let mut environment = of(&[("FULL", "old"), ("EMPTY", "")]);
        for name in ["FULL", "EMPTY", "UNSET"] {
            environment.prepend(name.as_ref(), "a".as_ref(), ":".as_ref());
            environment.append(name.as_ref(), "z".as_ref(), "".as_ref());
        }
        assert_eq!(environment, of(&[("EMPTY", "az"), ("FULL", "a:oldz"), ("UNSET", "az")]));
    }

    #[test]
    fn defaults_fill_unset_and_empty_variables() {
        let mut environment = of(&[("FULL", "old"), ("EMPTY", "")]);
        for name in ["FULL", "EMPTY", "UNSET"] {
            environment.set_default(name.as_ref(), "new".as_ref());
        }
        assert_eq!(environment, of(&[("EMPTY", "new"), ("FULL", "old"), ("UNSET", "new")]));
    }

    #[test]
    fn variables_are_listed_by_name() {
        let environment = of(&[("b", "1"), ("B", "2"), ("a", "3"), ("a", "later")]);
        let listed: Vec<_> = environment.iter().collect();
        assert_eq!(listed, [("B", "2"), ("a", "3"), ("b", "1")].map(|(n, v)| (n.as_ref(), v.as_ref())));
    }

    #[test]
    fn bytes_that_are_no_text_stay_as_they_are() {
        let mut environment = Environment::default();
        let value = OsStr::from_bytes(b"\xff\xfe");
        environment.set(value, value);
        environment.append(value, value, OsStr::from_bytes(b"\x80"));
        assert_eq!(environment.get(value).unwrap().as_bytes(), b"\xff\xfe\x80\xff\xfe");
        environment.remove(value);
        assert_eq!(environment, Environment::default());
    }
}
