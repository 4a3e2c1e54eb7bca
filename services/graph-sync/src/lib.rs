//! Directories that are pulled from Microsoft Graph: the same commands on the bus as an identity provider causes that pushes.
//!
//! [`engine`] takes directories that are due, many at a time, and holds a lease of each. The work on one is a *cycle*
//! ([`work`], [`cycle`]): a round of people, a round of groups, whoever left, whoever could not be written before, and the
//! memberships and managers that are not done yet.
//!
//! A round is read a page at a time ([`rounds`]). What a page has becomes commands ([`apply`], [`plan`], [`order`]), and their
//! verdicts are waited for ([`send`]). Only then are the page's objects and the link to the next page stored, in one
//! transaction that compares the lease. So a page is never lost; one that is read again finds what it made by the id that Entra
//! ID gave, and changes nothing.
//!
//! Nobody is gone because an answer does not have them. After a full round, whoever it did not mention is read once more by id
//! ([`leavers`]), and when more would go than [`Config::allowed`] says, nobody does until an administrator has looked.
//!
//! One person who cannot be written holds up nobody: the reason is stored with the object, and the next cycle tries again
//! ([`again`]).
//!
//! Where Microsoft can reach the public URL, it tells of changes ([`notices`], [`subscriptions`]), and a directory is due sooner.
//! When it says nothing, directories are pulled at their interval.

mod again;
mod apply;
mod compare;
mod config;
mod cycle;
mod deps;
mod engine;
mod error;
mod finish;
mod housekeeping;
mod known;
mod leavers;
mod look;
mod managers;
mod notices;
mod order;
mod plan;
mod rest;
mod rounds;
mod rows;
mod scope;
mod send;
mod session;
mod subscriptions;
mod work;

pub use config::Config;
pub use deps::Deps;

use graph::{Clouds, Graph};
use runtime::{Context, Service, Shutdown};
use std::sync::Arc;
use store::StoreError;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// The pull from Microsoft Graph, ready to run. Cheap to clone.
#[derive(Clone, Debug)]
pub struct GraphSync(Arc<Inner>);

/// What all work shares.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) deps: Deps,
    pub(crate) graph: Graph,
    pub(crate) clouds: Clouds,
    /// Places for commands on their way.
    pub(crate) commands: Arc<Semaphore>,
}

impl GraphSync {
    /// Works once on each directory that is due, until nobody has anything left to do now. Returns how many turns that took.
    ///
    /// # Errors
    /// When the database does not say who is due.
    pub async fn settle(&self) -> Result<usize, StoreError> {
        engine::settle(&self.0, &CancellationToken::new()).await
    }
}

impl Service for GraphSync {
    type Config = Config;
    type Deps = Deps;

    /// Fails when an address is none, or the HTTP client cannot be set up.
    fn bind(config: Config, deps: Deps) -> anyhow::Result<Self> {
        let clouds = Clouds::of_settings(&config.authority, config.graph_url.as_deref())?;
        let graph = Graph::with_clock(config.guard.clone(), Arc::clone(&deps.clock))?;
        Ok(Self(Arc::new(Inner {
            commands: Arc::new(Semaphore::new(config.commands)),
            config,
            deps,
            graph,
            clouds,
        })))
    }

    /// Pulls until a soft stop; then finishes the pages at hand and gives the directories back.
    async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        tokio::join!(engine::run(&self.0, &shutdown), housekeeping::run(&self.0, &shutdown));
        Ok(())
    }
}

/// Runs the pull as a program of its own.
///
/// # Errors
/// When a part of it died.
pub async fn run(context: Context) -> anyhow::Result<()> {
    let service: GraphSync = context.bind()?;
    let routes = service.routes();
    context.spawn("graph-sync", service.run(context.shutdown.clone()));
    context.serve(routes).await?;
    Ok(())
}
