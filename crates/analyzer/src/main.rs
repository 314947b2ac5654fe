//! The phase `analyzer`. Spec: platform.md § analyzer.

fn main() -> std::process::ExitCode {
    phase_shell::run(platform_api::Phase::Analyzer, analyzer::run)
}
