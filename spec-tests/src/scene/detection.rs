//! Detection: the detector as tests of groups run it, and what it selected.

use serde_json::Value;

use crate::scene::{Phase, Run, Scene, at};
use crate::verdict::{Failure, Verdict};

/// A line of shell by which `bin/detect` writes its build plan.
pub(crate) fn plan(toml: &str) -> String {
    // The path is the second argument up to Buildpack API 0.7, which has no variable for it.
    format!("cat > \"${{CNB_BUILD_PLAN_PATH:-$2}}\" <<'END'\n{toml}\nEND")
}

impl Scene<'_> {
    /// The detector, allowed to use image extensions where they are experimental.
    pub(crate) fn detector(&self) -> Phase<'_> {
        self.phase("detector").env("CNB_EXPERIMENTAL_MODE", "quiet")
    }

    /// Detection, which has to succeed.
    pub(crate) fn detect(&self) -> Verdict<Run> {
        let run = self.detector().run()?;
        run.succeeds()?;
        Ok(run)
    }

    /// Detection, which has to fail and to select no group.
    pub(crate) fn detects_nothing(&self) -> Verdict<Run> {
        let run = self.detector().run()?;
        run.fails()?;
        self.lacks("/layers/group.toml")?;
        Ok(run)
    }

    /// The ids of the detected buildpacks, in order.
    pub(crate) fn group(&self) -> Verdict<Vec<String>> {
        self.ids("group")
    }

    /// The ids of the detected extensions, in order.
    pub(crate) fn extension_group(&self) -> Verdict<Vec<String>> {
        self.ids("group-extensions")
    }

    fn ids(&self, key: &str) -> Verdict<Vec<String>> {
        let group = self.read_toml("/layers/group.toml")?;
        let elements = group.get(key).and_then(Value::as_array).into_iter().flatten();
        let id = |element: &Value| {
            let id = at(element, "/id").as_str().map(str::to_owned);
            id.ok_or_else(|| Failure::new("group.toml", "each element has an id", &group))
        };
        elements.map(id).collect()
    }

    /// The entries of the build plan, each as its providers, behind `<-` the names that are required.
    pub(crate) fn plan_entries(&self) -> Verdict<Vec<String>> {
        let plan = self.read_toml("/layers/plan.toml")?;
        let names = |entry: &Value, list: &str, key: &str| {
            let elements = entry.get(list).and_then(Value::as_array).into_iter().flatten();
            elements.filter_map(|element| at(element, key).as_str()).collect::<Vec<_>>().join(" ")
        };
        let entry = |entry: &Value| {
            format!("{} <- {}", names(entry, "providers", "/id"), names(entry, "requires", "/name"))
        };
        let entries = plan.get("entries").and_then(Value::as_array).into_iter().flatten();
        let mut entries: Vec<_> = entries.map(entry).collect();
        entries.sort();
        Ok(entries)
    }
}
