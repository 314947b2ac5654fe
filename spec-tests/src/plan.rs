//! Which test runs in which versions, and with which store.

use std::collections::BTreeSet;

use spec_model::{BuildpackApi, PlatformApi};

use crate::arguments::Selection;
use crate::clauses::{Clause, Table};
use crate::store::Store;
use crate::test::{Stores, Test};

/// A test in certain versions.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) test: Test,
    pub(crate) platform: PlatformApi,
    pub(crate) buildpack: BuildpackApi,
    pub(crate) store: Store,
}

/// All that is to be run, in the order of the tests.
pub(crate) fn jobs(table: &Table, tests: &[Test], selection: &Selection) -> Vec<Job> {
    let mut jobs = Vec::new();
    for test in tests {
        let clauses = table.clauses().iter().filter(|clause| {
            let is_named = clause.tests.iter().any(|name| name == test.name());
            is_named && selection.takes(clause) && selection.takes_test(clause, test.name())
        });
        let versions: BTreeSet<_> = clauses.flat_map(|clause| versions(clause, selection)).collect();
        let is_end = |version: &_| versions.first() == Some(version) || versions.last() == Some(version);
        let leaves_out = test.only_ends() && selection.platform.is_none();
        for (platform, buildpack) in versions.iter().copied().filter(|version| !leaves_out || is_end(version))
        {
            for store in stores(test.stores(), platform, selection.store) {
                jobs.push(Job { test: test.clone(), platform, buildpack, store });
            }
        }
    }
    jobs
}

/// The versions in which a clause is tested. If both APIs matter, each version of one is combined with the newest
/// of the other only, as all combinations would be too many.
fn versions(clause: &Clause, selection: &Selection) -> Vec<(PlatformApi, BuildpackApi)> {
    let platforms = wanted(PlatformApi::ALL, selection.platform, |api| {
        clause.platform.is_some_and(|versions| versions.contains(api))
    });
    let buildpacks = wanted(BuildpackApi::ALL, selection.buildpack, |api| {
        clause.buildpack.is_some_and(|versions| versions.contains(api))
    });
    let platform = newest(&platforms, PlatformApi::ALL, selection.platform);
    let buildpack = newest(&buildpacks, BuildpackApi::ALL, selection.buildpack);
    let by_platform = platforms.iter().filter_map(|platform| Some((*platform, buildpack?)));
    let by_buildpack = buildpacks.iter().filter_map(|buildpack| Some((platform?, *buildpack)));
    by_platform.chain(by_buildpack).collect()
}

fn wanted<V: Copy + PartialEq>(all: &[V], selected: Option<V>, holds: impl Fn(&V) -> bool) -> Vec<V> {
    let is_wanted = |api: &&V| holds(api) && selected.is_none_or(|selected| selected == **api);
    all.iter().filter(is_wanted).copied().collect()
}

/// The newest version in which the clause holds; where it doesn't matter, the one asked for or the newest of all.
fn newest<V: Copy>(holding: &[V], all: &[V], selected: Option<V>) -> Option<V> {
    holding.last().copied().or(selected).or(all.last().copied())
}

fn stores(stores: Stores, platform: PlatformApi, selected: Option<Store>) -> Vec<Store> {
    let exists = |store: &Store| *store != Store::Layout || platform.has_layout();
    match (stores, selected) {
        (Stores::None, _) => vec![if platform.has_layout() { Store::Layout } else { Store::Registry }],
        (Stores::Any, Some(store)) => [store].into_iter().filter(exists).collect(),
        (Stores::Any, None) if platform.has_layout() => vec![Store::Layout],
        (Stores::Any, None) => vec![Store::Registry],
        (Stores::Only(stores), _) => {
            let is_wanted = |store: &&Store| selected.is_none_or(|selected| selected == **store);
            stores.iter().filter(is_wanted).copied().filter(exists).collect()
        }
    }
}
