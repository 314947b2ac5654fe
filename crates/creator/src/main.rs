//! The executable that runs all phases of a build.

fn main() -> std::process::ExitCode {
    phase_shell::run(platform_api::Phase::Creator, creator::run)
}
