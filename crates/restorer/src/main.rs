//! The executable of the restore phase.

fn main() -> std::process::ExitCode {
    phase_shell::run_prepared(platform_api::Phase::Restorer, image_store::ImageAccess::gain, restorer::run)
}
