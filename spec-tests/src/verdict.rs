//! What a test finds: nothing, or what was demanded and what was seen instead.

use std::fmt::{Debug, Display};

use serde_json::Value;

/// The result of a check; `Ok` if the clause is kept.
pub(crate) type Verdict<T = ()> = Result<T, Failure>;

/// A clause that is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What was looked at.
    pub(crate) what: String,
    /// What the clause demands.
    pub(crate) expected: String,
    /// What was there.
    pub(crate) seen: String,
}

/// A test that cannot be run here is left by unwinding with this.
#[derive(Debug)]
pub(crate) struct Skipped(pub(crate) String);

impl Failure {
    pub(crate) fn new(what: impl Into<String>, expected: impl Display, seen: impl Display) -> Self {
        Self { what: what.into(), expected: expected.to_string(), seen: seen.to_string() }
    }
}

/// Two values have to be equal.
pub(crate) fn equal<S, E>(what: &str, seen: &S, expected: &E) -> Verdict
where
    S: PartialEq<E> + Debug + ?Sized,
    E: Debug + ?Sized,
{
    if seen == expected {
        return Ok(());
    }
    Err(Failure::new(what, format_args!("{expected:?}"), format_args!("{seen:?}")))
}

/// Two JSON documents have to be equal.
#[expect(clippy::needless_pass_by_value, reason = "it is mostly made by json!() on the spot")]
pub(crate) fn same(what: &str, seen: &Value, expected: Value) -> Verdict {
    if *seen == expected { Ok(()) } else { Err(Failure::new(what, &expected, seen)) }
}

/// Something has to be so; `demand` says what, and `seen` what there is.
pub(crate) fn ensure(demand: &str, is_so: bool, seen: impl Display) -> Verdict {
    if is_so { Ok(()) } else { Err(Failure::new(demand, "it is so", seen)) }
}

/// Text has to be there.
pub(crate) fn contains(what: &str, text: &str, part: &str) -> Verdict {
    if text.contains(part) { Ok(()) } else { Err(Failure::new(what, format_args!("it has '{part}'"), text)) }
}

/// Text must not be there.
pub(crate) fn lacks(what: &str, text: &str, part: &str) -> Verdict {
    if text.contains(part) {
        Err(Failure::new(what, format_args!("it lacks '{part}'"), text))
    } else {
        Ok(())
    }
}

/// Leaves the test, which cannot be run here.
pub(crate) fn skip(reason: impl Into<String>) -> ! {
    std::panic::resume_unwind(Box::new(Skipped(reason.into())))
}
