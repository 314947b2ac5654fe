//! The dependencies of one trial: who provides and who requires each.

use spec_model::plan::{PlanEntry, Provider, Require};

use super::{Choice, Objection, Reason};

/// All dependencies, in the order in which they are first mentioned.
#[derive(Debug, Default)]
pub(super) struct Dependencies<'a> {
    all: Vec<Dependency<'a>>,
}

#[derive(Debug)]
struct Dependency<'a> {
    name: &'a str,
    /// Provisions that a requirement behind them has made use of.
    providers: Vec<Choice<'a>>,
    /// Provisions without such a requirement so far.
    unused: Vec<Choice<'a>>,
    /// Requirements with a provision before them.
    requires: Vec<&'a Require>,
    /// Members with a requirement before any provision.
    early: Vec<Choice<'a>>,
}

impl<'a> Dependencies<'a> {
    /// Collects what the chosen members provide and require. What a member provides serves its own
    /// requirements too.
    pub(super) fn of(chosen: &[Choice<'a>]) -> Self {
        let mut dependencies = Self::default();
        for choice in chosen {
            for provide in &choice.sections.provides {
                dependencies.named(&provide.name).unused.push(*choice);
            }
            for require in &choice.sections.requires {
                let dependency = dependencies.named(&require.name);
                dependency.providers.append(&mut dependency.unused);
                if dependency.providers.is_empty() {
                    dependency.early.push(*choice);
                } else {
                    dependency.requires.push(require);
                }
            }
        }
        dependencies
    }

    fn named(&mut self, name: &'a str) -> &mut Dependency<'a> {
        let index = self.all.iter().position(|dependency| dependency.name == name).unwrap_or_else(|| {
            self.all.push(Dependency {
                name,
                providers: Vec::new(),
                unused: Vec::new(),
                requires: Vec::new(),
                early: Vec::new(),
            });
            self.all.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "the index was just found or made")]
        &mut self.all[index]
    }

    /// What speaks against members: requirements first, each kind in the order of the dependencies.
    pub(super) fn objections(&self) -> Vec<Objection> {
        let objection = |dependency: &Dependency<'_>, choice: &Choice<'_>, reason| Objection {
            member: choice.index,
            dependency: dependency.name.to_owned(),
            reason,
            dropped: choice.optional,
        };
        let early = self.all.iter().flat_map(|dependency| {
            dependency.early.iter().map(move |choice| objection(dependency, choice, Reason::NotProvided))
        });
        let unused = self.all.iter().flat_map(|dependency| {
            dependency.unused.iter().map(move |choice| objection(dependency, choice, Reason::NotRequired))
        });
        early.chain(unused).collect()
    }

    /// The entries of the build plan.
    pub(super) fn into_entries(self) -> Vec<PlanEntry> {
        self.all
            .into_iter()
            .map(|dependency| PlanEntry {
                providers: dependency.providers.iter().map(provider).collect(),
                requires: dependency.requires.into_iter().cloned().collect(),
            })
            .collect()
    }
}

fn provider(choice: &Choice<'_>) -> Provider {
    choice.contribution.provider.clone()
}
