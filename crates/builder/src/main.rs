//! The phase `builder`. Spec: platform.md § builder.

fn main() -> std::process::ExitCode {
    phase_shell::run(platform_api::Phase::Builder, builder::run)
}
