//! The phase `rebaser`. Spec: platform.md § rebaser.

fn main() -> std::process::ExitCode {
    phase_shell::run_prepared(platform_api::Phase::Rebaser, image_store::ImageAccess::gain, rebaser::run)
}
