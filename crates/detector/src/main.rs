//! The `detector` executable.

fn main() -> std::process::ExitCode {
    phase_shell::run(platform_api::Phase::Detector, detector::run)
}
