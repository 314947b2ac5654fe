//! The order that detection goes through: the builder's, with system buildpacks and extensions added.
//!
//! Spec: platform.md § detector, § order.toml, § system.toml; buildpack.md § Order Resolution.

use buildpack::descriptor::Kind;
use spec_model::BuildpackId;
use spec_model::group::GroupElement;
use spec_model::order::{Order, OrderElement, OrderGroup, System};

use crate::DetectError;
use crate::shelf::Shelf;

/// A reference to a buildpack or extension, from an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) kind: Kind,
    pub(crate) id: BuildpackId,
    pub(crate) version: String,
    /// Whether its group may pass without it; extensions are always optional.
    pub(crate) optional: bool,
    /// The execution environments that the order restricts it to; empty means all.
    pub(crate) exec_env: Vec<String>,
    /// The composite buildpacks that it is part of, as `<id>@<version>`, outermost first.
    pub(crate) composites: Vec<String>,
}

impl Member {
    fn new(kind: Kind, element: &OrderElement, composites: &[String]) -> Self {
        Self {
            kind,
            id: element.id.clone(),
            version: element.version.clone(),
            optional: element.optional || kind == Kind::Extension,
            exec_env: element.exec_env.clone(),
            composites: composites.to_vec(),
        }
    }

    /// The extension that stands in a detected group.
    pub(crate) fn extension(element: &GroupElement) -> Self {
        Self {
            kind: Kind::Extension,
            id: element.id.clone(),
            version: element.version.clone(),
            optional: true,
            exec_env: Vec::new(),
            composites: Vec::new(),
        }
    }

    /// `<id>@<version>`.
    pub(crate) fn name(&self) -> String {
        format!("{}@{}", self.id, self.version)
    }

    /// The groups of this composite buildpack.
    pub(crate) fn expand(&self, order: &[OrderGroup]) -> Vec<Vec<Element>> {
        let composites: Vec<String> = self.composites.iter().cloned().chain([self.name()]).collect();
        let member = |element| Element::Member(Member::new(Kind::Buildpack, element, &composites));
        order.iter().map(|group| group.group.iter().map(member).collect()).collect()
    }
}

/// An element of a group that is still to be resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Element {
    /// A buildpack, component or composite, or an extension.
    Member(Member),
    /// The groups of extensions, one of which may stand here.
    Extensions(Vec<Vec<Element>>),
}

/// Makes the order that detection goes through.
pub(crate) fn complete(order: &Order, system: &System) -> Vec<Vec<Element>> {
    let extensions: Vec<Vec<Element>> =
        order.extensions.iter().map(|group| members(Kind::Extension, &group.group)).collect();
    let prefix = if extensions.is_empty() { None } else { Some(Element::Extensions(extensions)) };
    order
        .order
        .iter()
        .map(|group| {
            let mut elements: Vec<Element> = prefix.iter().cloned().collect();
            elements.extend(system_members(&system.pre.buildpacks, group));
            elements.extend(members(Kind::Buildpack, &group.group));
            elements.extend(system_members(&system.post.buildpacks, group));
            elements
        })
        .collect()
}

fn members(kind: Kind, elements: &[OrderElement]) -> Vec<Element> {
    elements.iter().map(|element| Element::Member(Member::new(kind, element, &[]))).collect()
}

/// The system buildpacks that the group does not have itself. They are required even if marked optional:
/// so the reference lifecycle treats them, and platforms rely on their presence.
fn system_members(system: &[OrderElement], group: &OrderGroup) -> impl Iterator<Item = Element> {
    system
        .iter()
        .filter(|element| group.group.iter().all(|member| member.id != element.id))
        .map(|element| Member { optional: false, ..Member::new(Kind::Buildpack, element, &[]) })
        .map(Element::Member)
}

/// Checks that everything the order names is there and declares a supported Buildpack API. What is inside
/// of composites is looked up when detection reaches it.
///
/// # Errors
/// It is not there, is malformed, or its Buildpack API is not supported.
pub(crate) fn verify(order: &[Vec<Element>], shelf: &Shelf) -> Result<(), DetectError> {
    for element in order.iter().flatten() {
        match element {
            Element::Member(member) => {
                shelf.find(member)?.api()?;
            }
            Element::Extensions(groups) => verify(groups, shelf)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use spec_model::order::{Order, SystemFile};
    use spec_model::text::parse;

    use super::{Element, complete};

    fn names(order: &[Vec<Element>]) -> Vec<Vec<String>> {
        let name = |element: &Element| match element {
            Element::Member(member) => format!("{}{}", member.name(), if member.optional { "?" } else { "" }),
            Element::Extensions(groups) => format!("{:?}", names(groups)),
        };
        order.iter().map(|group| group.iter().map(name).collect()).collect()
    }

    #[test]
    fn system_buildpacks_stand_around_each_group_unless_it_has_them() {
        let order: Order = parse(
            "[[order]]\ngroup=[{id='a',version='1'}]\n[[order]]\ngroup=[{id='s2',version='7'},{id='b',version='1',optional=true}]",
        )
        .unwrap();
        let system: SystemFile = parse(
            "[[system.pre.buildpacks]]\nid='s1'\nversion='1'\noptional=true\n[[system.post.buildpacks]]\nid='s2'\nversion='1'",
        )
        .unwrap();
        assert_eq!(
            names(&complete(&order, &system.system)),
            [vec!["s1@1", "a@1", "s2@1"], vec!["s1@1", "s2@7", "b@1?"]]
        );
    }

    #[test]
    fn extensions_stand_before_each_group_and_are_optional() {
        let order: Order = parse(
            "order=[{group=[{id='a'}]},{group=[{id='b'}]}]\norder-extensions=[{group=[{id='x'}]},{group=[{id='y'}]}]",
        )
        .unwrap();
        let extensions = "[[\"x@?\"], [\"y@?\"]]";
        assert_eq!(
            names(&complete(&order, &SystemFile::default().system)),
            [vec![extensions, "a@"], vec![extensions, "b@"]]
        );
    }
}
