//! The executable that runs all phases of a build.

fn main() -> std::process::ExitCode {
    phase_shell::run_prepared(platform_api::Phase::Creator, image_store::ImageAccess::gain, creator::run)
}
