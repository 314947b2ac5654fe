//! Black-box tests of the phase executables, and checks of the workspace itself. All of it is in `tests/`.
