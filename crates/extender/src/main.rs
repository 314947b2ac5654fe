//! The phase `extender`. Spec: platform.md § extender.

fn main() -> std::process::ExitCode {
    phase_shell::run(platform_api::Phase::Extender, extender::run)
}
