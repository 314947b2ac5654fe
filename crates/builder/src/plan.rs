//! Which part of the build plan each buildpack sees.
//!
//! Spec: buildpack.md § Buildpack Plan, § Unmet Buildpack Plan Entries.

use std::collections::BTreeSet;

use spec_model::BuildpackId;
use spec_model::plan::{BuildpackPlan, Plan, PlanEntry};

/// The build plan as far as no buildpack has satisfied it.
#[derive(Debug)]
pub(crate) struct OpenPlan(Vec<PlanEntry>);

impl OpenPlan {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self(plan.entries.clone())
    }

    /// The requirements that a buildpack may satisfy.
    pub(crate) fn for_buildpack(&self, id: &BuildpackId) -> BuildpackPlan {
        let provides = |entry: &&PlanEntry| {
            entry.providers.iter().any(|provider| provider.id == *id && !provider.extension)
        };
        let entries = self.0.iter().filter(provides).flat_map(|entry| &entry.requires);
        BuildpackPlan { entries: entries.cloned().collect() }
    }

    /// Closes the entries of the given names: buildpacks behind do not see them.
    pub(crate) fn close(&mut self, met: &BTreeSet<String>) {
        self.0.retain(|entry| !entry.requires.iter().any(|require| met.contains(&require.name)));
    }
}

#[cfg(test)]
mod tests {
    use super::OpenPlan;

    const PLAN: &str = "
[[entries]]
providers = [{ id = 'a' }, { id = 'b' }]
requires = [{ name = 'x', metadata = { v = 1 } }, { name = 'x' }]
[[entries]]
providers = [{ id = 'b' }, { id = 'a', extension = true }]
requires = [{ name = 'y' }]
";

    fn names(plan: &OpenPlan, id: &str) -> Vec<String> {
        plan.for_buildpack(&id.parse().unwrap()).entries.into_iter().map(|entry| entry.name).collect()
    }

    #[test]
    fn buildpacks_see_what_they_provide() {
        let plan = OpenPlan::new(&spec_model::text::parse(PLAN).unwrap());
        assert_eq!(names(&plan, "a"), ["x", "x"]);
        assert_eq!(names(&plan, "b"), ["x", "x", "y"]);
        assert!(names(&plan, "c").is_empty());
        assert_eq!(plan.for_buildpack(&"a".parse().unwrap()).entries[0].metadata["v"], 1.into());
    }

    #[test]
    fn what_is_met_is_gone_for_those_behind() {
        let mut plan = OpenPlan::new(&spec_model::text::parse(PLAN).unwrap());
        plan.close(&["x".to_owned()].into());
        assert_eq!(names(&plan, "b"), ["y"]);
        plan.close(&[].into());
        assert_eq!(names(&plan, "b"), ["y"]);
    }
}
