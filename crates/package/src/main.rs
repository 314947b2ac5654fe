//! Makes the lifecycle's packages; see the library.

fn main() -> std::process::ExitCode {
    package::run(std::env::args_os())
}
