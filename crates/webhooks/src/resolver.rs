//! Name resolution that hands out only addresses that the guard allows. The HTTP client connects to what it is given
//! here and to nothing else, so a name that changes its address between two look-ups gains nothing.

use crate::guard::{Guard, RefusedUrl};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::SocketAddr;

/// The system's resolver behind the guard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GuardedResolver(pub(crate) Guard);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.0;
        Box::pin(async move {
            // Port 0 stands for the port of the URL.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| guard.allows(address.ip())).collect();
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

    #[tokio::test]
    async fn a_name_that_resolves_to_this_machine_is_refused_unless_private_is_allowed() {
        let name = || "localhost".parse::<Name>().unwrap();
        let Err(error) = GuardedResolver(Guard::new(false)).resolve(name()).await else {
            panic!("localhost was resolved");
        };
        assert_eq!(error.downcast_ref::<RefusedUrl>(), Some(&RefusedUrl::Address));
        let found: Vec<_> = GuardedResolver(Guard::new(true))
            .resolve(name())
            .await
            .unwrap()
            .collect();
        assert!(
            !found.is_empty() && found.iter().all(|address| address.ip().is_loopback()),
            "{found:?}"
        );
    }
}
