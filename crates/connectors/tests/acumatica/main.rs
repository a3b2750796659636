//! The Acumatica connector against the Acumatica emulator, in process and in virtual time.

#[cfg(test)]
mod cash_accounts;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod world;
