//! Name resolution that hands out only addresses that the guard allows. A name is looked up once for each connection,
//! every address is judged, and the HTTP client connects to what it is given here and to nothing else: a name that
//! changes its address between two look-ups gains nothing.

use crate::guard::{Guard, RefusedUrl};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::fmt::Debug;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

/// Finds the addresses of a name. The system's resolver, or another one in its place.
pub trait NameResolver: Debug + Send + Sync {
    /// All addresses of the name.
    fn lookup(&self, name: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;
}

/// The resolver of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookup;

impl NameResolver for SystemLookup {
    fn lookup(&self, name: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// A resolver behind the guard.
#[derive(Clone, Debug)]
pub(crate) struct GuardedResolver {
    pub(crate) guard: Guard,
    pub(crate) lookup: Arc<dyn NameResolver>,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.guard.clone();
        let found = self.lookup.lookup(name.as_str().to_owned());
        Box::pin(async move {
            let allowed: Vec<SocketAddr> = found
                .await?
                .into_iter()
                .filter(|address| guard.allows(*address))
                // Port 0 stands for the port of the URL.
                .map(|address| SocketAddr::new(address, 0))
                .collect();
            if allowed.is_empty() {
                return Err(RefusedUrl::Address.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rules;

    #[tokio::test]
    async fn a_name_that_resolves_to_this_machine_is_refused_unless_private_is_allowed() {
        let name = || "localhost".parse::<Name>().unwrap();
        let resolver = |rules| GuardedResolver {
            guard: Guard::new(rules),
            lookup: Arc::new(SystemLookup),
        };
        let Err(error) = resolver(Rules::default()).resolve(name()).await else {
            panic!("localhost was resolved");
        };
        assert_eq!(error.downcast_ref::<RefusedUrl>(), Some(&RefusedUrl::Address));
        let found: Vec<_> = resolver(Rules::private()).resolve(name()).await.unwrap().collect();
        assert!(
            !found.is_empty() && found.iter().all(|address| address.ip().is_loopback()),
            "{found:?}"
        );
    }
}
