//! Restoration as platforms and buildpacks see it: on disk, from previous image and cache to `<layers>`.

#[cfg(test)]
mod archive;
#[cfg(test)]
mod build;
#[cfg(test)]
mod daemon;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod executable;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod images;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod sbom;
