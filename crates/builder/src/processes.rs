//! The processes of all buildpacks: one of each type, at most one of them the default.
//!
//! Spec: buildpack.md § launch.toml.

use std::collections::BTreeMap;

use spec_model::PlatformApi;
use spec_model::build_metadata::Process;

/// The processes so far.
#[derive(Debug, Default)]
pub(crate) struct Processes {
    by_type: BTreeMap<String, Process>,
    default_type: Option<String>,
}

impl Processes {
    /// Adds the processes of the next buildpack, each in place of an earlier one of its type.
    ///
    /// The last process marked as default is the default. If an unmarked one takes its place, there is
    /// none.
    pub(crate) fn add(&mut self, processes: Vec<Process>) {
        let mut replaced_default = None;
        for mut process in processes {
            let process_type = process.process_type.clone();
            if std::mem::take(&mut process.default) {
                self.default_type = Some(process_type.clone());
                replaced_default = None;
            } else if self.default_type.as_ref() == Some(&process_type) {
                self.default_type = None;
                replaced_default = Some((process_type.clone(), process.buildpack_id.clone()));
            }
            self.by_type.insert(process_type, process);
        }
        if let Some((process_type, buildpack)) = replaced_default {
            log::warn!(
                "Buildpack {buildpack} redefines the default process type '{process_type}' without marking it \
                 as default; the image has no default process type"
            );
        }
    }

    /// The processes, sorted by type, in the form that the platform knows; and the default process type.
    pub(crate) fn finish(self, api: PlatformApi) -> (Vec<Process>, Option<String>) {
        let processes = self.by_type.into_values().map(|process| process.for_platform(api)).collect();
        (processes, self.default_type)
    }
}

#[cfg(test)]
mod tests {
    use spec_model::PlatformApi;
    use spec_model::build_metadata::Process;

    use super::Processes;

    fn process(buildpack: &str, process_type: &str, default: bool) -> Process {
        let text =
            format!("type='{process_type}'\ncommand=['x']\nbuildpack-id='{buildpack}'\ndefault={default}");
        spec_model::text::parse(&text).unwrap()
    }

    fn merge(additions: Vec<Vec<Process>>) -> (Vec<String>, Option<String>) {
        let mut processes = Processes::default();
        for addition in additions {
            processes.add(addition);
        }
        let (processes, default) = processes.finish(PlatformApi::V0_15);
        assert!(processes.iter().all(|process| !process.default));
        let names =
            processes.iter().map(|process| format!("{} {}", process.process_type, process.buildpack_id));
        (names.collect(), default)
    }

    #[test]
    fn the_last_of_a_type_counts() {
        let (processes, default) = merge(vec![
            vec![process("a", "web", false), process("a", "job", true)],
            vec![process("b", "web", false), process("b", "cron", false)],
        ]);
        assert_eq!(processes, ["cron b", "job a", "web b"]);
        assert_eq!(default.as_deref(), Some("job"));
    }

    #[test]
    fn the_last_default_counts_unless_it_is_replaced() {
        let marked = |buildpack, process_type| vec![process(buildpack, process_type, true)];
        let plain = |buildpack, process_type| vec![process(buildpack, process_type, false)];
        assert_eq!(merge(vec![marked("a", "web"), marked("b", "job")]).1.as_deref(), Some("job"));
        assert_eq!(merge(vec![marked("a", "web"), plain("b", "web")]).1, None);
        assert_eq!(
            merge(vec![marked("a", "web"), plain("b", "web"), marked("c", "web")]).1.as_deref(),
            Some("web")
        );
        // An earlier default does not come back when a later one is replaced.
        assert_eq!(merge(vec![marked("a", "web"), marked("b", "job"), plain("c", "job")]).1, None);
    }
}
