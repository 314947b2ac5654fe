//! The phase `rebaser`. Spec: platform.md § rebaser.

fn main() -> std::process::ExitCode {
    phase_shell::run(platform_api::Phase::Rebaser, rebaser::run)
}
