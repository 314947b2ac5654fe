//! The executable `cnb`, run as users run it.

#[cfg(test)]
mod image_create;
#[cfg(test)]
mod inspect;
#[cfg(test)]
mod run;
#[cfg(test)]
mod run_isolation;
#[cfg(test)]
mod run_signals;
#[cfg(test)]
mod sbom;
#[cfg(test)]
mod support;
