//! Where the emulators listen: loopback only, because their control surface knows no password.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::HarnessError;

/// The listening address and the port of each emulator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ports {
    bind: IpAddr,
    first: u16,
    by_name: BTreeMap<String, u16>,
}

impl Ports {
    /// Any free port for each emulator, on 127.0.0.1.
    #[must_use]
    pub fn any() -> Self {
        Self::from_first(0)
    }

    /// Consecutive ports from `first`, in the order of the emulators (0: any free port).
    #[must_use]
    pub fn from_first(first: u16) -> Self {
        Self { bind: IpAddr::V4(Ipv4Addr::LOCALHOST), first, by_name: BTreeMap::new() }
    }

    /// The port of one emulator, whatever the others get.
    #[must_use]
    pub fn with(mut self, name: &str, port: u16) -> Self {
        self.by_name.insert(name.to_owned(), port);
        self
    }

    /// Another address than 127.0.0.1; anything but loopback is refused at the start.
    #[must_use]
    pub fn on(mut self, bind: IpAddr) -> Self {
        self.bind = bind;
        self
    }

    /// The address of the emulator `name`, the `index`th of the set.
    pub(super) fn address(&self, index: usize, name: &str) -> Result<SocketAddr, HarnessError> {
        if !self.bind.is_loopback() {
            return Err(HarnessError::NotLoopback(self.bind));
        }
        let port = match self.by_name.get(name) {
            Some(port) => *port,
            None if self.first == 0 => 0,
            None => u16::try_from(index)
                .ok()
                .and_then(|index| self.first.checked_add(index))
                .ok_or(HarnessError::NoPortLeft { first: self.first })?,
        };
        Ok(SocketAddr::new(self.bind, port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ports: &Ports, index: usize, name: &str, expected: &str) {
        let shown = match ports.address(index, name) {
            Ok(address) => address.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn ports_count_up_unless_named() {
        let ports = Ports::from_first(7000).with("netsuite", 9000);
        check(&ports, 0, "gocardless", "127.0.0.1:7000");
        check(&ports, 1, "netsuite", "127.0.0.1:9000");
        check(&ports, 2, "stripe", "127.0.0.1:7002");
        check(&Ports::any(), 3, "stripe", "127.0.0.1:0");
        check(&Ports::any().on("::1".parse().unwrap()), 0, "stripe", "[::1]:0");
        check(&Ports::from_first(65_535), 1, "stripe", "no port is left after 65535");
    }

    #[test]
    fn other_addresses_than_loopback_are_refused() {
        let refusal = "the sandbox listens on loopback only, not on 0.0.0.0: \
                       its control surface has no password";
        check(&Ports::any().on("0.0.0.0".parse().unwrap()), 0, "stripe", refusal);
    }
}
