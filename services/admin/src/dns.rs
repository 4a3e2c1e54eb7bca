//! Asking the DNS.
//!
//! Each question is asked anew: whoever published a record a moment ago is not told what was known before.

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;
use std::net::SocketAddr;
use std::time::Duration;

/// All attempts together.
const TIMEOUT: Duration = Duration::from_secs(8);
/// One attempt.
const ATTEMPT: Duration = Duration::from_secs(2);
/// Values of one name that are looked at.
const MOST_VALUES: usize = 100;

/// Which resolver is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dns {
    resolver: Option<SocketAddr>,
}

/// What there is under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TxtLookup {
    /// TXT records with these values.
    Values(Vec<String>),
    /// No TXT record.
    Nothing,
    /// Nobody answered, or not in a way that says anything: why.
    Unreachable(String),
}

impl Dns {
    /// Asks this resolver, or without one those of the system.
    pub(crate) const fn new(resolver: Option<SocketAddr>) -> Self {
        Self { resolver }
    }

    /// The TXT records of a name.
    pub(crate) async fn txt(&self, name: &str) -> TxtLookup {
        let resolver = match self.open() {
            Ok(resolver) => resolver,
            Err(error) => return TxtLookup::Unreachable(error.to_string()),
        };
        // The dot at the end: this name, and none in a domain of the machine's own.
        let looked_up = resolver.txt_lookup(format!("{name}."));
        match tokio::time::timeout(TIMEOUT, looked_up).await {
            Err(_) => TxtLookup::Unreachable("no answer in time".to_owned()),
            Ok(Err(error)) if error.is_no_records_found() => TxtLookup::Nothing,
            Ok(Err(error)) => TxtLookup::Unreachable(error.to_string()),
            Ok(Ok(found)) => {
                let values = found.answers().iter().filter_map(|record| match &record.data {
                    RData::TXT(text) => Some(text.txt_data.concat()),
                    _ => None,
                });
                let values: Vec<String> = values
                    .take(MOST_VALUES)
                    .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                    .collect();
                if values.is_empty() {
                    TxtLookup::Nothing
                } else {
                    TxtLookup::Values(values)
                }
            }
        }
    }

    fn open(self) -> Result<TokioResolver, NetError> {
        let mut builder = match self.resolver {
            None => TokioResolver::builder_tokio()?,
            Some(address) => {
                let mut server = NameServerConfig::udp_and_tcp(address.ip());
                for connection in &mut server.connections {
                    connection.port = address.port();
                }
                let config = ResolverConfig::from_name_servers(vec![server]);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
        };
        let options = builder.options_mut();
        options.timeout = ATTEMPT;
        options.cache_size = 0;
        options.use_hosts_file = ResolveHosts::Never;
        builder.build()
    }
}
