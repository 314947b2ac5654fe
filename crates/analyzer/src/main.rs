//! The phase `analyzer`. Spec: platform.md § analyzer.

fn main() -> std::process::ExitCode {
    phase_shell::run_prepared(platform_api::Phase::Analyzer, image_store::ImageAccess::gain, analyzer::run)
}
