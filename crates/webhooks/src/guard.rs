//! Where a webhook may go. Endpoint URLs come from customers, so without this anyone could make Rollcall talk to the
//! machines around it (server-side request forgery).
//!
//! The check of the URL ([`Guard::check`]) sees literal addresses; names are judged when they are resolved, by the
//! resolver that the sender connects with, so that a name cannot point elsewhere between check and connection.

use ipnet::{IpNet, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;
use url::{Host, Url};

/// Longest URL that is accepted, in bytes.
const LONGEST_URL: usize = 2_048;

/// How far an address reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// A host on the internet.
    Public,
    /// This machine or its private network: allowed when endpoints may be private.
    Private,
    /// Never a webhook receiver: metadata services of clouds, link-local, multicast, tunnels, reserved ranges.
    Never,
}

/// Decides which URLs and addresses a webhook may be sent to.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    allow_private: bool,
}

/// Why a URL or address was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedUrl {
    /// Not a URL with a host.
    #[error("the URL is not valid")]
    Malformed,
    /// Longer than 2048 bytes.
    #[error("the URL is longer than {LONGEST_URL} bytes")]
    TooLong,
    /// Neither `https` nor, where that is allowed, `http`.
    #[error("the URL must begin with https://")]
    Scheme,
    /// With a user name or password.
    #[error("the URL must not hold a user name or password")]
    UserInfo,
    /// The host is, or resolves to, an address that webhooks do not go to.
    #[error("the host is at an address that webhooks are not sent to")]
    Address,
}

impl Guard {
    /// With `allow_private`, `http` and private or loopback addresses are allowed too (development and tests).
    #[must_use]
    pub const fn new(allow_private: bool) -> Self {
        Self { allow_private }
    }

    /// Reads the URL of an endpoint. A host name is not looked up here: its addresses are judged when connecting.
    ///
    /// # Errors
    /// [`RefusedUrl`] with what is wrong, fit to be shown to the one who entered the URL.
    pub fn check(&self, url: &str) -> Result<Url, RefusedUrl> {
        if url.len() > LONGEST_URL {
            return Err(RefusedUrl::TooLong);
        }
        let url = Url::parse(url).map_err(|_| RefusedUrl::Malformed)?;
        if !(url.scheme() == "https" || self.allow_private && url.scheme() == "http") {
            return Err(RefusedUrl::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(RefusedUrl::UserInfo);
        }
        let allowed = match url.host().ok_or(RefusedUrl::Malformed)? {
            Host::Ipv4(address) => self.allows(address.into()),
            Host::Ipv6(address) => self.allows(address.into()),
            Host::Domain(name) => self.allow_private || !is_local_name(name),
        };
        if allowed { Ok(url) } else { Err(RefusedUrl::Address) }
    }

    /// Whether a connection to the address is allowed.
    #[must_use]
    pub fn allows(&self, address: IpAddr) -> bool {
        match reach_of(address) {
            Reach::Public => true,
            Reach::Private => self.allow_private,
            Reach::Never => false,
        }
    }
}

/// Names that mean this machine or network whatever a resolver says (RFC 6761, RFC 6762, RFC 9476): refused early, for
/// a clear message.
fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    let last = name.rsplit('.').next().unwrap_or_default();
    ["localhost", "local", "internal"]
        .iter()
        .any(|local| last.eq_ignore_ascii_case(local))
}

/// How far an address reaches, by the IANA special-purpose registries and the addresses that clouds reserve.
///
/// An IPv4 address inside an IPv6 one (mapped, NAT64) is judged as that IPv4 address. IPv6 is public only within
/// `2000::/3`, the range that has been handed out.
#[must_use]
pub fn reach_of(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(v4) => reach_of_v4(v4),
        IpAddr::V6(v6) => embedded_v4(v6).map_or_else(|| reach_of_v6(v6), reach_of_v4),
    }
}

fn reach_of_v4(address: Ipv4Addr) -> Reach {
    listed(address.into()).unwrap_or(Reach::Public)
}

fn reach_of_v6(address: Ipv6Addr) -> Reach {
    listed(address.into()).unwrap_or_else(|| {
        let is_global_unicast = address.segments()[0] & 0xe000 == 0x2000;
        if is_global_unicast { Reach::Public } else { Reach::Never }
    })
}

/// The IPv4 address that a connection to this IPv6 address would end at.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let nat64 = Ipv6Net::new_assert(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);
    if let Some(v4) = address.to_ipv4_mapped() {
        return Some(v4);
    }
    let [.., a, b, c, d] = address.octets();
    nat64.contains(&address).then(|| Ipv4Addr::new(a, b, c, d))
}

fn listed(address: IpAddr) -> Option<Reach> {
    RANGES
        .iter()
        .find(|(range, _)| range.contains(&address))
        .map(|(_, reach)| *reach)
}

/// The first range that holds an address decides, so single addresses come before the networks around them.
static RANGES: LazyLock<Vec<(IpNet, Reach)>> = LazyLock::new(|| {
    let table = SINGLE.iter().map(|text| (*text, Reach::Never));
    let table = table.chain(PRIVATE.iter().map(|text| (*text, Reach::Private)));
    let table = table.chain(NEVER.iter().map(|text| (*text, Reach::Never)));
    table
        .map(|(text, reach)| (text.parse().expect("the ranges are literals, parsed by a test"), reach))
        .collect()
});

/// Metadata and platform services inside ranges that are otherwise private or public.
const SINGLE: &[&str] = &[
    "168.63.129.16/32",   // Azure: DNS, DHCP and health
    "100.100.100.200/32", // Alibaba Cloud
    "192.0.0.192/32",     // Oracle Cloud
    "fd00:ec2::/32",      // AWS
    "fd20:ce::254/128",   // Google Cloud
    "fd00:42::42/128",    // Scaleway
];

const PRIVATE: &[&str] = &[
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "127.0.0.0/8",
    "100.64.0.0/10", // shared by carriers (RFC 6598)
    "::1/128",
    "fc00::/7", // unique local (RFC 4193)
];

const NEVER: &[&str] = &[
    "0.0.0.0/8",
    "169.254.0.0/16",  // link-local, and the metadata service of most clouds
    "192.0.0.0/24",    // IETF protocol assignments
    "192.0.2.0/24",    // documentation
    "192.88.99.0/24",  // relays of 6to4
    "198.18.0.0/15",   // benchmarks
    "198.51.100.0/24", // documentation
    "203.0.113.0/24",  // documentation
    "224.0.0.0/4",     // multicast
    "240.0.0.0/4",     // reserved, broadcast
    "2001::/23",       // IETF protocol assignments, Teredo among them
    "2001:db8::/32",   // documentation
    "2002::/16",       // 6to4
    "3fff::/20",       // documentation
];

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(text: &str) -> Reach {
        reach_of(text.parse().unwrap())
    }

    #[test]
    fn hosts_on_the_internet_are_public() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "52.1.2.3",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450:4001:801::200e",
            "2001:4860:4860::8888",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert_eq!(reach(text), Reach::Public, "{text}");
        }
    }

    #[test]
    fn this_machine_and_its_network_are_private_in_every_spelling() {
        for text in [
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "::1",
            "fc00::1",
            "fd12:3456::1",
            "fdff:ffff::",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b::7f00:1",
        ] {
            assert_eq!(reach(text), Reach::Private, "{text}");
        }
    }

    #[test]
    fn metadata_services_and_special_ranges_are_never_reached() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "169.254.0.1",
            "169.254.170.2",
            "168.63.129.16",
            "100.100.100.200",
            "192.0.0.192",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::7f00:1",
            "::ffff:169.254.169.254",
            "::ffff:0:127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a00:1",
            "100::1",
            "2001::1",
            "2001:0:53aa:64c::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "3fff::1",
            "5f00::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "ff0e::1",
            "4000::1",
            "8000::1",
        ] {
            assert_eq!(reach(text), Reach::Never, "{text}");
        }
    }

    #[test]
    fn a_strict_guard_takes_https_to_public_hosts_only() {
        let guard = Guard::new(false);
        for url in [
            "https://hooks.example.com/a?b=c",
            "https://example.com:8443",
            "https://8.8.8.8/",
            "https://[2606:4700::1111]/x",
        ] {
            assert!(guard.check(url).is_ok(), "{url}");
        }
        let refused = [
            ("http://hooks.example.com/", RefusedUrl::Scheme),
            ("ftp://hooks.example.com/", RefusedUrl::Scheme),
            ("file:///etc/passwd", RefusedUrl::Scheme),
            ("https://user@example.com/", RefusedUrl::UserInfo),
            ("https://:secret@example.com/", RefusedUrl::UserInfo),
            ("hooks.example.com", RefusedUrl::Malformed),
            ("https://", RefusedUrl::Malformed),
            ("", RefusedUrl::Malformed),
            ("https://127.0.0.1/", RefusedUrl::Address),
            ("https://2130706433/", RefusedUrl::Address),
            ("https://0x7f.1/", RefusedUrl::Address),
            ("https://0177.0.0.1/", RefusedUrl::Address),
            ("https://127.1/", RefusedUrl::Address),
            ("https://[::1]/", RefusedUrl::Address),
            ("https://[::ffff:a9fe:a9fe]/", RefusedUrl::Address),
            ("https://169.254.169.254/latest/meta-data", RefusedUrl::Address),
            ("https://１２７.0.0.1/", RefusedUrl::Address),
            ("https://localhost/", RefusedUrl::Address),
            ("https://LOCALHOST./", RefusedUrl::Address),
            ("https://metadata.google.internal/", RefusedUrl::Address),
            ("https://printer.local/", RefusedUrl::Address),
        ];
        for (url, reason) in refused {
            assert_eq!(guard.check(url), Err(reason), "{url}");
        }
        assert_eq!(
            guard.check(&format!("https://example.com/{}", "a".repeat(2_048))),
            Err(RefusedUrl::TooLong)
        );
    }

    #[test]
    fn a_guard_that_allows_private_still_keeps_away_from_metadata() {
        let guard = Guard::new(true);
        for url in [
            "http://127.0.0.1:9000/hook",
            "http://localhost:9000",
            "https://10.1.2.3/",
            "http://[::1]:80/",
            "http://app.internal/",
        ] {
            assert!(guard.check(url).is_ok(), "{url}");
        }
        for url in [
            "http://169.254.169.254/",
            "http://0.0.0.0:80/",
            "http://[fe80::1]/",
            "ftp://127.0.0.1/",
            "http://a:b@127.0.0.1/",
        ] {
            assert!(guard.check(url).is_err(), "{url}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_and_nothing_private_passes(text: String, v4: u32, v6: u128) {
            let guard = Guard::new(false);
            let _ = guard.check(&text);
            for address in [IpAddr::from(Ipv4Addr::from_bits(v4)), IpAddr::from(Ipv6Addr::from_bits(v6))] {
                let host = if address.is_ipv6() { format!("[{address}]") } else { address.to_string() };
                let passes = guard.check(&format!("https://{host}/")).is_ok();
                proptest::prop_assert_eq!(passes, reach_of(address) == Reach::Public);
            }
        }
    }
}
