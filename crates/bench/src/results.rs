//! What was measured: all runs of all cases, and the files' sizes.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cases::{Case, LAUNCHER_SIZE_TARGET, PEAK_TARGET, REBASE_REQUESTS_TARGET, Work};
use crate::measure::Usage;
use crate::traffic::Traffic;

/// What a side did in a case: its runs, never none.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) side: &'static str,
    pub(crate) runs: Vec<Usage>,
    /// Of one more run, if the images are in a registry.
    pub(crate) traffic: Option<Traffic>,
}

/// A case with the runs of each side that could take part.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) case: Case,
    pub(crate) sides: Vec<Measured>,
}

/// The size of an executable of each side, in bytes; links to one file count where they stand.
#[derive(Debug)]
pub(crate) struct Size {
    pub(crate) name: String,
    pub(crate) sides: Vec<Option<u64>>,
}

/// What came of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) target: String,
    pub(crate) met: bool,
}

impl Measured {
    /// The quickest run, which other work on the machine disturbed least.
    pub(crate) fn best(&self) -> Duration {
        self.runs.iter().map(|run| run.wall).min().unwrap_or_default()
    }

    /// The median of a figure; of an even number of runs the lower one in the middle.
    pub(crate) fn median<T: Ord + Default>(&self, figure: impl Fn(&Usage) -> T) -> T {
        let mut figures: Vec<T> = self.runs.iter().map(figure).collect();
        figures.sort_unstable();
        let middle = figures.len().saturating_sub(1) / 2;
        figures.into_iter().nth(middle).unwrap_or_default()
    }

    /// The most memory of any run.
    pub(crate) fn peak(&self) -> u64 {
        self.runs.iter().map(|run| run.peak).max().unwrap_or(0)
    }

    fn to_json(&self) -> Value {
        let runs: Vec<_> = self
            .runs
            .iter()
            .map(|run| {
                json!({
                    "wall_seconds": run.wall.as_secs_f64(),
                    "cpu_seconds": run.cpu.as_secs_f64(),
                    "peak_bytes": run.peak,
                    "read_bytes": run.read,
                    "written_bytes": run.written,
                })
            })
            .collect();
        let traffic = self.traffic.map(|traffic| {
            json!({
                "requests": traffic.requests,
                "sent_bytes": traffic.sent,
                "received_bytes": traffic.received,
                "layer_bytes": traffic.layers,
            })
        });
        json!({ "side": self.side, "runs": runs, "traffic": traffic })
    }
}

impl Outcome {
    /// How much longer the second side takes than the first, best against best.
    pub(crate) fn times_faster(&self) -> Option<f64> {
        let [ours, other] = self.sides.as_slice() else { return None };
        let seconds = ours.best().as_secs_f64();
        (seconds > 0.0).then(|| other.best().as_secs_f64() / seconds)
    }

    /// The case's targets, as far as they can be judged: those for time need a second side.
    pub(crate) fn verdicts(&self) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        if let (Some(times), Some(faster)) = (self.case.times_faster, self.times_faster()) {
            verdicts.push(Verdict { target: format!("wall ≤ 1/{times}"), met: faster >= times });
        }
        if let (true, Some(ours)) = (self.case.bounded, self.sides.first()) {
            verdicts.push(Verdict { target: "peak ≤ 64 MiB".to_owned(), met: ours.peak() <= PEAK_TARGET });
        }
        let traffic = self.sides.first().and_then(|ours| ours.traffic);
        if let (Work::Rebase, Some(traffic)) = (self.case.work, traffic) {
            let requests = format!("requests ≤ {REBASE_REQUESTS_TARGET}");
            verdicts.push(Verdict { target: requests, met: traffic.requests <= REBASE_REQUESTS_TARGET });
            verdicts.push(Verdict { target: "no layer bytes".to_owned(), met: traffic.layers == 0 });
        }
        verdicts
    }
}

/// What a start costs on each side beyond that of the process itself.
pub(crate) fn launchers_share(outcomes: &[Outcome]) -> Vec<(&'static str, Duration)> {
    let sides = |work| {
        let outcome = outcomes.iter().find(|outcome| outcome.case.work == work);
        outcome.map(|outcome| outcome.sides.as_slice()).unwrap_or_default()
    };
    let pairs = sides(Work::LauncherStart).iter().zip(sides(Work::ProcessStart));
    pairs.map(|(with, without)| (with.side, with.best().saturating_sub(without.best()))).collect()
}

impl Size {
    /// The launcher's target.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        let size = self.sides.first().copied().flatten().filter(|_| self.name == "launcher")?;
        Some(Verdict { target: "≤ 1.5 MB".to_owned(), met: size <= LAUNCHER_SIZE_TARGET })
    }
}

/// All figures for other programs.
pub(crate) fn to_json(facts: &[(String, String)], outcomes: &[Outcome], sizes: &[Size]) -> Value {
    let facts: serde_json::Map<_, _> =
        facts.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    let verdicts = |verdicts: Vec<Verdict>| -> Vec<Value> {
        verdicts.into_iter().map(|it| json!({ "target": it.target, "met": it.met })).collect()
    };
    let cases: Vec<_> = outcomes
        .iter()
        .map(|outcome| {
            json!({
                "name": outcome.case.name,
                "sides": outcome.sides.iter().map(Measured::to_json).collect::<Vec<_>>(),
                "targets": verdicts(outcome.verdicts()),
            })
        })
        .collect();
    let sizes: Vec<_> = sizes
        .iter()
        .map(|size| {
            let targets = verdicts(size.verdict().into_iter().collect());
            json!({ "name": size.name, "bytes": size.sides, "targets": targets })
        })
        .collect();
    json!({ "facts": facts, "cases": cases, "sizes": sizes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::CASES;

    fn runs(side: &'static str, millis: &[u64], peak: u64) -> Measured {
        let run = |millis: &u64| Usage { wall: Duration::from_millis(*millis), peak, ..Usage::default() };
        Measured { side, runs: millis.iter().map(run).collect(), traffic: None }
    }

    #[test]
    fn best_median_and_peak() {
        let odd = runs("ours", &[30, 10, 20], 7);
        assert_eq!(odd.best(), Duration::from_millis(10));
        assert_eq!(odd.median(|run| run.wall), Duration::from_millis(20));
        assert_eq!(odd.peak(), 7);
        assert_eq!(runs("ours", &[4, 1, 2, 3], 0).median(|run| run.wall), Duration::from_millis(2));
        assert_eq!(runs("ours", &[], 0).median(|run| run.wall), Duration::ZERO);
    }

    #[test]
    fn targets_are_met_or_missed() {
        let met = |ours: u64, other: u64, peak| -> Vec<bool> {
            let sides = vec![runs("ours", &[ours], peak), runs("other", &[other], 0)];
            Outcome { case: CASES[0], sides }.verdicts().into_iter().map(|it| it.met).collect()
        };
        assert_eq!(met(100, 500, PEAK_TARGET), [true, true]);
        assert_eq!(met(101, 500, PEAK_TARGET + 1), [false, false]);
        // Alone, only memory is judged.
        let alone = Outcome { case: CASES[0], sides: vec![runs("ours", &[1], 0)] };
        assert_eq!(alone.verdicts().len(), 1);
    }

    #[test]
    fn a_rebase_is_judged_by_its_traffic() {
        let rebase = *CASES.iter().find(|case| case.work == Work::Rebase).unwrap();
        let met = |case, requests, layers| -> Vec<bool> {
            let traffic = Some(Traffic { requests, layers, ..Traffic::default() });
            let sides = vec![Measured { traffic, ..runs("ours", &[1], 0) }];
            Outcome { case, sides }.verdicts().into_iter().map(|it| it.met).collect()
        };
        assert_eq!(met(rebase, REBASE_REQUESTS_TARGET, 0), [true, true, true]);
        assert_eq!(met(rebase, REBASE_REQUESTS_TARGET + 1, 1), [true, false, false]);
        assert_eq!(met(CASES[0], 100, 100), [true]);
    }

    #[test]
    fn the_process_is_not_the_launchers() {
        let [with, without] = [CASES[9], CASES[10]].map(|case| Outcome {
            case,
            sides: vec![runs("ours", &[if case.work == Work::LauncherStart { 30 } else { 10 }], 0)],
        });
        assert_eq!(launchers_share(std::slice::from_ref(&with)), []);
        assert_eq!(launchers_share(&[with, without]), [("ours", Duration::from_millis(20))]);
    }

    #[test]
    fn only_the_launcher_has_a_size_target() {
        let verdict = |name: &str, size| Size { name: name.to_owned(), sides: vec![size, None] }.verdict();
        assert!(verdict("launcher", Some(LAUNCHER_SIZE_TARGET)).unwrap().met);
        assert!(!verdict("launcher", Some(LAUNCHER_SIZE_TARGET + 1)).unwrap().met);
        assert_eq!(verdict("launcher", None), None);
        assert_eq!(verdict("exporter", Some(1)), None);
    }
}
