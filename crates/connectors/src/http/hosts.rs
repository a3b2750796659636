//! Where a connection's requests may go: the vendor's hosts over https; anything else only when a
//! person allowed that very host; private address ranges never by accident (DESIGN.md section 6).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Hosts a person allowed beside the vendor's own, as `host` or `host:port`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedHosts(pub Vec<String>);

/// The address is not one that this connection may use. The sentence is fit for the person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostRefused {
    #[error("\"{0}\" has no host name")]
    NoHost(String),
    #[error("\"{0}\" must begin with https:// (http:// is for an allowed host on this machine)")]
    NotHttps(String),
    #[error("\"{0}\" must not hold a user name or password")]
    Credentials(String),
    #[error("{0} is not a host of this system; allow it with --allow-host if it is right")]
    NotTheVendors(String),
    #[error("{0} is an address of a private network; allow it with --allow-host if it is right")]
    Private(String),
}

/// Checks a connection's base address. `vendor_hosts` holds whole names ("api.example.com") or
/// suffixes that begin with a dot (".example.com").
pub fn check_address(
    address: &Url,
    vendor_hosts: &[&str],
    allowed: &AllowedHosts,
) -> Result<(), HostRefused> {
    let host = address.host().ok_or_else(|| HostRefused::NoHost(address.to_string()))?;
    let name = host.to_string().to_ascii_lowercase();
    if !address.username().is_empty() || address.password().is_some() {
        return Err(HostRefused::Credentials(name));
    }
    let by_hand = allowed.names(&name, address.port_or_known_default());
    if address.scheme() != "https" && !(address.scheme() == "http" && by_hand && loopback(&host)) {
        return Err(HostRefused::NotHttps(name));
    }
    if by_hand {
        return Ok(());
    }
    if !vendor_hosts.iter().any(|vendor| is_vendors(&name, vendor)) {
        return match &host {
            Host::Ipv4(ip) if is_private((*ip).into()) => Err(HostRefused::Private(name)),
            Host::Ipv6(ip) if is_private((*ip).into()) => Err(HostRefused::Private(name)),
            Host::Ipv4(_) | Host::Ipv6(_) | Host::Domain(_) => {
                Err(HostRefused::NotTheVendors(name))
            }
        };
    }
    Ok(())
}

impl AllowedHosts {
    /// The host (and port, when the entry names one) was allowed by a person.
    #[must_use]
    pub fn names(&self, host: &str, port: Option<u16>) -> bool {
        let with_port = port.map(|port| format!("{host}:{port}"));
        self.0.iter().any(|entry| {
            entry.eq_ignore_ascii_case(host)
                || with_port.as_ref().is_some_and(|full| entry.eq_ignore_ascii_case(full))
        })
    }

    /// The host was allowed with any port.
    #[must_use]
    pub fn names_host(&self, host: &str) -> bool {
        self.0.iter().any(|entry| {
            let bare = match entry.rsplit_once(':') {
                Some((bare, port)) if port.bytes().all(|b| b.is_ascii_digit()) => bare,
                Some(_) | None => entry.as_str(),
            };
            bare.eq_ignore_ascii_case(host)
        })
    }
}

fn is_vendors(name: &str, vendor: &str) -> bool {
    if vendor.starts_with('.') {
        name.len() > vendor.len() && name.ends_with(vendor)
    } else {
        name == vendor
    }
}

fn loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    }
}

/// Not an address of the public internet: loopback, private, link-local, shared, reserved.
#[must_use]
pub fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_private_v4(ip),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(mapped) => is_private_v4(mapped),
            None => is_private_v6(ip),
        },
    }
}

fn is_private_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_broadcast()
        || ip.is_documentation()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        // Shared address space of carriers (RFC 6598), IETF assignments, benchmarks.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19))
}

fn is_private_v6(ip: Ipv6Addr) -> bool {
    let head = ip.segments()[0];
    ip.is_loopback()
        || ip.is_unspecified()
        || ip.is_multicast()
        // Unique local fc00::/7, link local fe80::/10, documentation 2001:db8::/32, NAT64 and
        // IPv4-compatible forms, which could smuggle a private IPv4 address.
        || head & 0xFE00 == 0xFC00
        || head & 0xFFC0 == 0xFE80
        || (head == 0x2001 && ip.segments()[1] == 0x0DB8)
        || (head == 0x0064 && ip.segments()[1] == 0xFF9B)
        || ip.segments()[..6] == [0; 6]
}
