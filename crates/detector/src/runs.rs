//! The runs of `bin/detect`: each buildpack and extension once, those of a group side by side.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use buildpack::command::Surroundings;
use buildpack::detect::{self, Detection};

use crate::resolve::Candidate;
use crate::shelf::Key;

/// What `bin/detect` said so far.
#[derive(Debug)]
pub(crate) struct Runs<'a> {
    surroundings: Surroundings<'a>,
    parallelism: NonZeroUsize,
    finished: BTreeMap<Key, Arc<Detection>>,
}

impl<'a> Runs<'a> {
    pub(crate) fn new(surroundings: Surroundings<'a>, parallelism: NonZeroUsize) -> Self {
        Self { surroundings, parallelism, finished: BTreeMap::new() }
    }

    /// Runs `bin/detect` of the candidates, as far as that did not happen before, and tells what each said;
    /// none for those that do not take part. One that does not fit is at fault from then on, in groups that
    /// could do without it too.
    pub(crate) fn of(&mut self, candidates: &[Candidate]) -> Vec<Option<Arc<Detection>>> {
        for unfit in candidates.iter().filter(|candidate| candidate.is_unfit()) {
            let detection = Detection::other_target(&unfit.descriptor, self.surroundings.target);
            self.finished.insert(key(unfit), Arc::new(detection));
        }
        let missing: Vec<&Candidate> = candidates
            .iter()
            .filter(|candidate| candidate.takes_part() && !self.finished.contains_key(&key(candidate)))
            .collect();
        let results = self.run(&missing);
        self.finished.extend(missing.iter().map(|candidate| key(candidate)).zip(results));
        let said = |candidate: &Candidate| self.finished.get(&key(candidate)).cloned();
        candidates.iter().map(|candidate| said(candidate).filter(|_| candidate.takes_part())).collect()
    }

    fn run(&self, candidates: &[&Candidate]) -> Vec<Arc<Detection>> {
        let slots: Vec<OnceLock<Arc<Detection>>> = candidates.iter().map(|_| OnceLock::new()).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some((candidate, slot)) = {
                let index = next.fetch_add(1, Ordering::Relaxed);
                candidates.get(index).zip(slots.get(index))
            } {
                slot.get_or_init(|| Arc::new(detect::detect(&candidate.descriptor, &self.surroundings)));
            }
        };
        thread::scope(|scope| {
            for _ in 1..self.parallelism.get().min(candidates.len()) {
                // This thread works too, so where no other can be had things only take longer.
                let _ = thread::Builder::new().spawn_scoped(scope, work);
            }
            work();
        });
        slots.into_iter().filter_map(OnceLock::into_inner).collect()
    }
}

fn key(candidate: &Candidate) -> Key {
    let member = &candidate.member;
    (member.kind, member.id.clone(), member.version.clone())
}
