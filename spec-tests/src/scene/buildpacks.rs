//! The buildpacks of a scene, and the files that name them.

use std::fmt::Write as _;

use test_kit::ScriptedBuildpack;

use crate::scene::Scene;

impl Scene<'_> {
    /// A buildpack of this scene's Buildpack API, version `1.0.0`, for any target and stack, to be scripted further.
    pub(crate) fn new_buildpack(&self, id: &str) -> ScriptedBuildpack {
        ScriptedBuildpack::new(id, self.buildpack.as_str()).tables("[[stacks]]\nid = '*'")
    }

    /// Installs a buildpack.
    pub(crate) fn install(&self, buildpack: &ScriptedBuildpack) {
        buildpack.install(&self.path("/cnb/buildpacks"));
    }

    /// Writes an order: groups of buildpacks by id, version `1.0.0`; a `?` behind an id makes it optional.
    pub(crate) fn order(&self, groups: &[&[&str]]) {
        let mut order = String::new();
        for group in groups {
            order.push_str("[[order]]\n");
            for entry in *group {
                let (id, optional) = entry.strip_suffix('?').map_or((*entry, false), |id| (id, true));
                let _ =
                    writeln!(order, "[[order.group]]\nid = '{id}'\nversion = '1.0.0'\noptional = {optional}");
            }
        }
        self.write("/cnb/order.toml", order);
    }

    /// Installs buildpacks and makes them the detected group, with an empty plan.
    pub(crate) fn detected(&self, buildpacks: &[ScriptedBuildpack]) {
        let mut group = String::new();
        for buildpack in buildpacks {
            self.install(buildpack);
            group.push_str(&buildpack.group_entry());
        }
        self.write("/layers/group.toml", group);
        self.write("/layers/plan.toml", "");
    }
}
