//! Order resolution: from an order with composites and extensions to groups that hold neither.
//!
//! Groups are made one after the other, depth first from left to right, until one is accepted; what comes
//! behind it is never looked at. Spec: buildpack.md § Order Resolution.

use std::sync::Arc;

use buildpack::descriptor::{Descriptor, Kind};
use spec_model::target::TargetData;

use crate::DetectError;
use crate::order::{Element, Member};
use crate::shelf::Shelf;

/// A member of a resolved group.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) member: Member,
    pub(crate) descriptor: Arc<Descriptor>,
    pub(crate) fitness: Fitness,
}

/// Whether a candidate fits the build by what it declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fitness {
    /// Nothing speaks against it.
    Fits,
    /// Its targets do not include the build's. One that is optional runs all the same.
    OtherTarget,
    /// It is for these execution environments only; the group goes on as if it weren't there.
    OtherExecEnv(Vec<String>),
}

/// What a build is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Purpose<'a> {
    /// The target that buildpacks have to fit; none before there were targets.
    pub(crate) target: Option<&'a TargetData>,
    /// The execution environment that they have to fit; none before there were any.
    pub(crate) exec_env: Option<&'a str>,
}

/// Goes through an order.
pub(crate) struct Resolver<'a, T> {
    pub(crate) shelf: &'a Shelf,
    pub(crate) purpose: Purpose<'a>,
    /// Looks at a group and accepts it by returning something.
    pub(crate) accept: &'a mut dyn FnMut(Vec<Candidate>) -> Option<T>,
}

impl<T> Resolver<'_, T> {
    /// Offers the groups of an order until one is accepted.
    ///
    /// # Errors
    /// A member of a composite is absent or malformed, or a composite contains itself.
    pub(crate) fn resolve(&mut self, order: &[Vec<Element>]) -> Result<Option<T>, DetectError> {
        self.alternatives(order, &[], &[])
    }

    /// Tries each group of an order between what is resolved already and what comes behind it.
    fn alternatives(
        &mut self,
        order: &[Vec<Element>],
        resolved: &[Candidate],
        rest: &[Element],
    ) -> Result<Option<T>, DetectError> {
        for group in order {
            let elements: Vec<Element> = group.iter().chain(rest).cloned().collect();
            if let Some(accepted) = self.group(&elements, resolved)? {
                return Ok(Some(accepted));
            }
        }
        Ok(None)
    }

    fn group(&mut self, elements: &[Element], resolved: &[Candidate]) -> Result<Option<T>, DetectError> {
        let mut resolved = resolved.to_vec();
        let mut elements = elements.iter();
        while let Some(element) = elements.next() {
            let member = match element {
                Element::Extensions(order) => {
                    return self.nested(order, &resolved, elements.as_slice(), true);
                }
                Element::Member(member) => member,
            };
            let is_same = |other: &Candidate| {
                other.takes_part() && (other.member.kind, &other.member.id) == (member.kind, &member.id)
            };
            if resolved.iter().any(is_same) {
                continue;
            }
            let descriptor = self.shelf.find(member)?;
            let fitness = self.fitness(member, &descriptor);
            let candidate = Candidate { member: member.clone(), descriptor, fitness };
            if candidate.takes_part() && candidate.descriptor.is_composite() {
                let order = expand(&candidate)?;
                return self.nested(&order, &resolved, elements.as_slice(), member.optional);
            }
            resolved.push(candidate);
        }
        Ok((self.accept)(resolved))
    }

    /// Tries an order inside of a group, and then the group without it if that is allowed.
    fn nested(
        &mut self,
        order: &[Vec<Element>],
        resolved: &[Candidate],
        rest: &[Element],
        optional: bool,
    ) -> Result<Option<T>, DetectError> {
        match self.alternatives(order, resolved, rest)? {
            None if optional => self.group(rest, resolved),
            accepted => Ok(accepted),
        }
    }

    fn fitness(&self, member: &Member, descriptor: &Descriptor) -> Fitness {
        if let Some(exec_env) = self.purpose.exec_env {
            let excludes = |allowed: &&[String]| {
                !allowed.is_empty() && !allowed.iter().any(|name| name == "*" || name == exec_env)
            };
            let restrictions = [member.exec_env.as_slice(), descriptor.exec_env()];
            if let Some(allowed) = restrictions.iter().copied().find(excludes) {
                return Fitness::OtherExecEnv(allowed.to_vec());
            }
        }
        match self.purpose.target {
            Some(target) if !descriptor.is_composite() && !descriptor.supports_target(target) => {
                Fitness::OtherTarget
            }
            _ => Fitness::Fits,
        }
    }
}

impl Candidate {
    /// Whether it counts as a member of the group at all.
    pub(crate) fn takes_part(&self) -> bool {
        !matches!(self.fitness, Fitness::OtherExecEnv(_))
    }

    /// Whether the group cannot pass because of what it declares.
    pub(crate) fn is_unfit(&self) -> bool {
        self.fitness == Fitness::OtherTarget && !self.member.optional
    }

    pub(crate) fn is_buildpack(&self) -> bool {
        self.member.kind == Kind::Buildpack
    }
}

fn expand(candidate: &Candidate) -> Result<Vec<Vec<Element>>, DetectError> {
    let Candidate { member, descriptor, .. } = candidate;
    let name = member.name();
    if let Some(outer) = member.composites.iter().position(|composite| *composite == name) {
        let chain = member.composites.iter().skip(outer).cloned().chain([name]).collect();
        return Err(DetectError::Cycle { chain });
    }
    Ok(member.expand(&descriptor.order))
}
