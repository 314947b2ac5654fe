//! The executable of the export phase.

fn main() -> std::process::ExitCode {
    phase_shell::run_prepared(platform_api::Phase::Exporter, image_store::ImageAccess::gain, exporter::run)
}
