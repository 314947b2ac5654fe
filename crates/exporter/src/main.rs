//! The executable of the export phase.

fn main() -> std::process::ExitCode {
    phase_shell::run(platform_api::Phase::Exporter, exporter::run)
}
