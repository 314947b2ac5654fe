//! The executable of the restore phase.

fn main() -> std::process::ExitCode {
    phase_shell::run(platform_api::Phase::Restorer, restorer::run)
}
