//! The table of cases.

/// What is measured in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// The exporter, with a cache or without.
    Export { previous: Previous, cache: bool },
    /// The exporter of one more layer, the giant one, that finds neither image nor cache.
    ExportGiant,
    /// The restorer, of all layers, from the cache.
    Restore,
    /// The rebaser, from the run image to its next version.
    Rebase,
    /// The detector over one group of buildpacks.
    Detect,
    /// The extender, for an extension that changes one file of a large root file system; whether it finds the layer in
    /// its cache.
    Extend { cached: bool },
    /// A phase that only prints its version; each phase in turn.
    PhaseStart,
    /// The launcher, whose process ends at once.
    LauncherStart,
    /// The launcher's process without launcher: what of the case before is not the launcher's.
    ProcessStart,
}

/// Where images and caches are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Store {
    /// Images in OCI layout directories, caches in directories.
    Layout,
    /// Both as images in a registry.
    Registry,
    /// Images in a container engine, which takes them whole, as archives; caches in directories.
    Engine,
}

/// What the exporter finds of the build before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Previous {
    /// No image, no cache.
    Nothing,
    /// Image and cache of the same layers.
    Same,
    /// Image of layers that are the same but for one small file, in the layer that stands here.
    AllBut(&'static str),
}

/// A case: what is measured and what is aimed at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) store: Store,
    pub(crate) work: Work,
    /// The wall time aimed at is the other lifecycle's divided by this.
    pub(crate) times_faster: Option<f64>,
    /// Whether the aim for peak memory holds.
    pub(crate) bounded: bool,
    /// Whether a run starts many processes in a row, of which the mean counts.
    pub(crate) repeated: bool,
}

/// The most memory aimed at, in bytes, whatever the input.
pub(crate) const PEAK_TARGET: u64 = 64 << 20;
/// The most HTTP requests aimed at for a rebase within a registry.
pub(crate) const REBASE_REQUESTS_TARGET: usize = 12;
/// The launcher's size aimed at, in bytes.
pub(crate) const LAUNCHER_SIZE_TARGET: u64 = 1_500_000;

const SMALL_LAYER: Previous = Previous::AllBut("bench_small/layer-3");
const LARGE_LAYER: Previous = Previous::AllBut("bench_npm/modules");

/// All cases, in the order in which they run.
pub(crate) const CASES: [Case; 23] = [
    heavy("cold export", export(Previous::Nothing, false), Some(5.0)),
    heavy("cold export with cache", export(Previous::Nothing, true), None),
    heavy("unchanged re-export", export(Previous::Same, false), Some(5.0)),
    heavy("unchanged re-export with cache", export(Previous::Same, true), None),
    heavy("restore from cache", Work::Restore, Some(3.0)),
    heavy("re-export, small layer changed", export(SMALL_LAYER, false), None),
    heavy("re-export, large layer changed", export(LARGE_LAYER, false), None),
    Case { bounded: false, ..heavy("detect, 20 buildpacks", Work::Detect, None) },
    start("start of a phase (-version)", Work::PhaseStart, None),
    start("start by launcher", Work::LauncherStart, Some(4.0)),
    start("start without launcher", Work::ProcessStart, None),
    registry("registry: cold export", export(Previous::Nothing, false), Some(5.0)),
    registry("registry: unchanged re-export", export(Previous::Same, false), Some(5.0)),
    registry("registry: re-export, small layer changed", export(SMALL_LAYER, false), None),
    registry("registry: rebase", Work::Rebase, None),
    registry("registry: cold export with cache image", export(Previous::Nothing, true), None),
    registry("registry: restore from cache image", Work::Restore, Some(3.0)),
    registry("registry: cold export of a giant layer", Work::ExportGiant, None),
    engine("engine: cold export", export(Previous::Nothing, false), Some(1.5)),
    engine("engine: unchanged re-export", export(Previous::Same, false), Some(3.0)),
    engine("engine: re-export, small layer changed", export(SMALL_LAYER, false), Some(3.0)),
    heavy("extend a large root, one file changed", Work::Extend { cached: false }, None),
    heavy("extend it again, from the layer cache", Work::Extend { cached: true }, None),
];

const fn heavy(name: &'static str, work: Work, times_faster: Option<f64>) -> Case {
    Case { name, store: Store::Layout, work, times_faster, bounded: true, repeated: false }
}

const fn registry(name: &'static str, work: Work, times_faster: Option<f64>) -> Case {
    Case { store: Store::Registry, ..heavy(name, work, times_faster) }
}

const fn engine(name: &'static str, work: Work, times_faster: Option<f64>) -> Case {
    Case { store: Store::Engine, ..heavy(name, work, times_faster) }
}

const fn start(name: &'static str, work: Work, times_faster: Option<f64>) -> Case {
    Case { name, store: Store::Layout, work, times_faster, bounded: false, repeated: true }
}

const fn export(previous: Previous, cache: bool) -> Work {
    Work::Export { previous, cache }
}
