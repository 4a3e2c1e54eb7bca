//! Where a webhook may go. Endpoint URLs come from customers, so without this anyone could make Rollcall talk to the
//! machines around it (server-side request forgery).
//!
//! The check of the URL ([`Guard::check`]) sees literal addresses; names are judged when they are resolved, by the
//! resolver that the sender connects with, so that a name cannot point elsewhere between check and connection.

use ipnet::{IpNet, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;
use std::sync::{Arc, LazyLock};
use url::{Host, Url};

/// Longest URL that is accepted, in bytes.
const LONGEST_URL: usize = 2_048;

/// How far an address reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressReach {
    /// A host on the internet.
    Public,
    /// This machine or its private network: allowed when endpoints may be private.
    Private,
    /// Never a webhook receiver: metadata services of clouds, link-local, multicast, tunnels, reserved ranges.
    Never,
}

/// Decides which URLs and addresses a webhook may be sent to. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Guard(Arc<Rules>);

/// What a [`Guard`] lets through beside `https` to public hosts.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// `http` too, which anybody on the way can read.
    pub allow_http: bool,
    /// Private and loopback addresses too.
    pub allow_private: bool,
    /// Private networks (and the NAT64 prefix of an IPv6-only network) that are allowed all the same. Metadata services,
    /// link-local, multicast and reserved ranges stay closed.
    pub allow: Vec<IpNet>,
    /// The ports that requests may go to; nothing means [`Rules::default_ports`].
    pub ports: Vec<RangeInclusive<u16>>,
}

impl Rules {
    /// As an operator sets them: private addresses are let through together with `http`.
    #[must_use]
    pub const fn new(allow_private: bool, allow: Vec<IpNet>, ports: Vec<RangeInclusive<u16>>) -> Self {
        Self {
            allow_http: allow_private,
            allow_private,
            allow,
            ports,
        }
    }

    /// For development and tests: `http`, and private and loopback addresses.
    #[must_use]
    pub fn private() -> Self {
        Self {
            allow_http: true,
            allow_private: true,
            ..Self::default()
        }
    }

    /// 443 and everything from 1024, where services without privileges listen, but not the mail, shell and file
    /// services below; with `http` also 80.
    #[must_use]
    pub const fn default_ports(allow_http: bool) -> &'static [RangeInclusive<u16>] {
        const STRICT: &[RangeInclusive<u16>] = &[443..=443, 1_024..=65_535];
        const WITH_HTTP: &[RangeInclusive<u16>] = &[80..=80, 443..=443, 1_024..=65_535];
        if allow_http { WITH_HTTP } else { STRICT }
    }
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
    /// On a port that webhooks do not go to.
    #[error("webhooks are not sent to this port")]
    Port,
    /// The host is, or resolves to, an address that webhooks do not go to.
    #[error("the host is at an address that webhooks are not sent to")]
    Address,
}

impl Guard {
    /// A guard with these rules.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self(Arc::new(rules))
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
        if !(url.scheme() == "https" || self.0.allow_http && url.scheme() == "http") {
            return Err(RefusedUrl::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(RefusedUrl::UserInfo);
        }
        let allowed = match url.host().ok_or(RefusedUrl::Malformed)? {
            Host::Ipv4(address) => self.allows(address.into()),
            Host::Ipv6(address) => self.allows(address.into()),
            Host::Domain(name) => self.0.allow_private || !self.0.allow.is_empty() || !is_local_name(name),
        };
        if allowed && !url.port_or_known_default().is_some_and(|port| self.allows_port(port)) {
            return Err(RefusedUrl::Port);
        }
        if allowed { Ok(url) } else { Err(RefusedUrl::Address) }
    }

    /// Whether a connection to the address is allowed.
    #[must_use]
    pub fn allows(&self, address: IpAddr) -> bool {
        let is_listed = || self.0.allow.iter().any(|network| network.contains(&address));
        if let IpAddr::V6(v6) = address
            && let Some(v4) = embedded_v4(v6)
        {
            // A listed prefix opens the way, not what lies behind it.
            return is_listed() && self.allows(v4.into());
        }
        match reach_of(address) {
            AddressReach::Public => true,
            AddressReach::Private => self.0.allow_private || is_listed(),
            AddressReach::Never => false,
        }
    }

    fn allows_port(&self, port: u16) -> bool {
        let ports = match self.0.ports.as_slice() {
            [] => Rules::default_ports(self.0.allow_http),
            ports => ports,
        };
        ports.iter().any(|range| range.contains(&port))
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
/// An IPv6 address with an IPv4 one inside (mapped, NAT64, 6to4, Teredo) is never reached, wherever it would lead: no
/// receiver has one, and each is a second spelling to get past a rule. IPv6 is public only within `2000::/3`, the range
/// that has been handed out.
#[must_use]
pub fn reach_of(address: IpAddr) -> AddressReach {
    match address {
        IpAddr::V4(v4) => reach_of_v4(v4),
        IpAddr::V6(v6) if embedded_v4(v6).is_some() => AddressReach::Never,
        IpAddr::V6(v6) => reach_of_v6(v6),
    }
}

fn reach_of_v4(address: Ipv4Addr) -> AddressReach {
    listed(address.into()).unwrap_or(AddressReach::Public)
}

fn reach_of_v6(address: Ipv6Addr) -> AddressReach {
    listed(address.into()).unwrap_or_else(|| {
        let is_global_unicast = address.segments()[0] & 0xe000 == 0x2000;
        if is_global_unicast {
            AddressReach::Public
        } else {
            AddressReach::Never
        }
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

fn listed(address: IpAddr) -> Option<AddressReach> {
    RANGES
        .iter()
        .find(|(range, _)| range.contains(&address))
        .map(|(_, reach)| *reach)
}

/// The first range that holds an address decides, so single addresses come before the networks around them.
static RANGES: LazyLock<Vec<(IpNet, AddressReach)>> = LazyLock::new(|| {
    let table = SINGLE.iter().map(|text| (*text, AddressReach::Never));
    let table = table.chain(PRIVATE.iter().map(|text| (*text, AddressReach::Private)));
    let table = table.chain(NEVER.iter().map(|text| (*text, AddressReach::Never)));
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

    fn reach(text: &str) -> AddressReach {
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
        ] {
            assert_eq!(reach(text), AddressReach::Public, "{text}");
        }
    }

    #[test]
    fn this_machine_and_its_network_are_private() {
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
        ] {
            assert_eq!(reach(text), AddressReach::Private, "{text}");
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
            "::ffff:8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::808:808",
            "64:ff9b::a00:1",
            "64:ff9b::7f00:1",
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
            assert_eq!(reach(text), AddressReach::Never, "{text}");
        }
    }

    #[test]
    fn a_strict_guard_takes_https_to_public_hosts_only() {
        let guard = Guard::new(Rules::default());
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
        let guard = Guard::new(Rules::private());
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

    #[test]
    fn listed_networks_are_open_and_nothing_else_in_them_that_is_never_reached() {
        let allow = ["10.1.0.0/16", "64:ff9b::/96", "169.254.0.0/16", "fd00::/8"];
        let guard = Guard::new(Rules {
            allow: allow.map(|network| network.parse().unwrap()).into(),
            ..Rules::default()
        });
        for address in ["10.1.2.3", "64:ff9b::808:808", "64:ff9b::a01:203", "fd12::1", "8.8.8.8"] {
            assert!(guard.allows(address.parse().unwrap()), "{address}");
        }
        for address in [
            "10.2.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "64:ff9b::a02:1",
            "64:ff9b::a9fe:a9fe",
            "::ffff:10.1.2.3",
            "fd00:ec2::254",
        ] {
            assert!(!guard.allows(address.parse().unwrap()), "{address}");
        }
        assert!(
            guard.check("https://app.internal/hook").is_ok(),
            "judged when it is resolved"
        );
        assert_eq!(guard.check("http://10.1.2.3/"), Err(RefusedUrl::Scheme));
    }

    #[test]
    fn only_the_configured_ports_are_reached() {
        let strict = Guard::new(Rules::default());
        for url in [
            "https://example.com/",
            "https://example.com:1024/",
            "https://example.com:65535/",
        ] {
            assert!(strict.check(url).is_ok(), "{url}");
        }
        for url in [
            "https://example.com:22/",
            "https://example.com:80/",
            "https://example.com:1023/",
            "https://example.com:0/",
        ] {
            assert_eq!(strict.check(url), Err(RefusedUrl::Port), "{url}");
        }
        let chosen = Guard::new(Rules {
            ports: vec![443..=443, 8_000..=8_010],
            ..Rules::private()
        });
        assert!(chosen.check("http://127.0.0.1:8005/").is_ok());
        assert_eq!(chosen.check("http://127.0.0.1:8011/"), Err(RefusedUrl::Port));
        assert_eq!(chosen.check("http://127.0.0.1/"), Err(RefusedUrl::Port));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_and_nothing_private_passes(text: String, v4: u32, v6: u128) {
            let guard = Guard::new(Rules::default());
            let _ = guard.check(&text);
            for address in [IpAddr::from(Ipv4Addr::from_bits(v4)), IpAddr::from(Ipv6Addr::from_bits(v6))] {
                let host = if address.is_ipv6() { format!("[{address}]") } else { address.to_string() };
                let passes = guard.check(&format!("https://{host}/")).is_ok();
                proptest::prop_assert_eq!(passes, reach_of(address) == AddressReach::Public);
            }
        }
    }
}
