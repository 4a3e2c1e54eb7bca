//! The way to Microsoft Graph, at addresses that webhooks may go to as well.

use graph::{Cloud, Clouds, Endpoints, Graph};
use std::sync::OnceLock;
use webhooks::Guard;

/// Asks Graph. Its client is made when it is first needed: most installations never need it.
pub(crate) struct GraphAccess {
    guard: Guard,
    clouds: Clouds,
    graph: OnceLock<Graph>,
}

impl GraphAccess {
    /// Nothing is asked yet.
    pub(crate) const fn new(guard: Guard, clouds: Clouds) -> Self {
        Self {
            guard,
            clouds,
            graph: OnceLock::new(),
        }
    }

    /// The addresses of a cloud.
    pub(crate) fn endpoints(&self, cloud: Cloud) -> Endpoints {
        self.clouds.endpoints(cloud)
    }

    /// Graph, for all directories.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub(crate) fn graph(&self) -> Result<&Graph, reqwest::Error> {
        if let Some(graph) = self.graph.get() {
            return Ok(graph);
        }
        let graph = Graph::new(self.guard.clone())?;
        Ok(self.graph.get_or_init(|| graph))
    }
}
