//! Whose request it is, also behind a reverse proxy.

use actix_web::{HttpRequest, web};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv6Addr};

/// The addresses that a proxy may have put into `X-Forwarded-For` before ours are looked at.
const MOST_HOPS: usize = 20;

/// The networks of the reverse proxies in front of this installation, as application data of the server; without it there are
/// none, and the address of the connection counts.
///
/// Anybody can send `X-Forwarded-For`. So it is read only of requests that come from these networks, from its end, as far as
/// the addresses are in these networks: the first one that is not is the caller.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// These networks.
    #[must_use]
    pub const fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    fn includes(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Who is behind `peer`, where `forwarded` is the `X-Forwarded-For` of the request, all its lines together.
    fn caller(&self, peer: IpAddr, forwarded: &str) -> IpAddr {
        let mut caller = peer.to_canonical();
        for hop in forwarded.rsplit(',').take(MOST_HOPS) {
            if !self.includes(caller) {
                break;
            }
            // What is no address was not written by a proxy that is trusted.
            let Ok(address) = hop.trim().parse::<IpAddr>() else {
                break;
            };
            caller = address.to_canonical();
        }
        caller
    }
}

/// The address of whoever sent a request; `None` where the connection has none.
#[must_use]
pub fn caller(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    let Some(proxies) = request.app_data::<web::Data<TrustedProxies>>() else {
        return Some(peer.to_canonical());
    };
    let lines = request.headers().get_all("x-forwarded-for");
    let lines: Vec<&str> = lines.filter_map(|value| value.to_str().ok()).collect();
    Some(proxies.caller(peer, &lines.join(",")))
}

/// What counts as one caller when requests are counted: an address, and of IPv6 the network of 64 bits that a household or a
/// host has to itself.
#[must_use]
pub fn counted_as(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_caller_is_the_last_address_that_no_trusted_proxy_has() {
        let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        for (peer, forwarded, caller) in [
            ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
            ("10.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
            ("10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7"),
            ("10.0.0.1", "10.0.0.3,10.0.0.2", "10.0.0.3"),
            ("10.0.0.1", "198.51.100.7, unknown", "10.0.0.1"),
            ("::ffff:10.0.0.1", "2001:db8::1", "2001:db8::1"),
            ("fd00::1", "::ffff:198.51.100.7", "198.51.100.7"),
        ] {
            let found = proxies.caller(address(peer), forwarded);
            assert_eq!(found, address(caller), "{peer} with {forwarded:?}");
        }
        assert_eq!(
            TrustedProxies::default().caller(address("10.0.0.1"), "198.51.100.7"),
            address("10.0.0.1")
        );
    }

    #[test]
    fn a_long_list_of_hops_is_read_to_its_limit() {
        let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
        let forwarded = vec!["10.0.0.2"; 100_000].join(",");
        assert_eq!(proxies.caller(address("10.0.0.1"), &forwarded), address("10.0.0.2"));
    }

    #[test]
    fn a_network_of_64_bits_counts_as_one() {
        assert_eq!(counted_as(address("2001:db8:1:2:3::4")), address("2001:db8:1:2::"));
        assert_eq!(counted_as(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }
}
