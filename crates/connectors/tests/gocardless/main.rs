//! The GoCardless connector against the GoCardless emulator, in process and in virtual time.

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod world;
