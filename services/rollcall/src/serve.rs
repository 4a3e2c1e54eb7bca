//! Everything in one process: the same libraries as the separate services, over one database and one bus.

use admin::Admin;
use dispatcher::Dispatcher;
use graph_sync::GraphSync;
use ingress::Ingress;
use portal::Portal;
use projector::Projector;
use runtime::{Context, Service, Shutdown};
use secrecy::ExposeSecret as _;
use sso::SingleSignOn;

/// `rollcall serve`: sets up what a first start needs, then serves.
pub(crate) async fn run(context: Context) -> anyhow::Result<()> {
    let partitions = context.settings.partitions.get();
    if let Some(first) = admin::bootstrap(&context.store, &context.public_url, partitions).await? {
        welcome(&first, &context.public_url);
    }
    serve(context).await
}

/// Serves until a soft stop, and drains in the order of the way of a change: no new requests, then no new commands, then
/// no new deliveries.
pub(crate) async fn serve(context: Context) -> anyhow::Result<()> {
    let (ingress, admin, portal): (Ingress, Admin, Portal) = (context.bind()?, context.bind()?, context.bind()?);
    let sso: SingleSignOn = context.bind()?;
    let projector = StagedService::start("projector", context.bind::<Projector>()?, &context);
    let dispatcher = StagedService::start("dispatcher", context.bind::<Dispatcher>()?, &context);
    let graph_sync: GraphSync = context.bind()?;
    let notices = graph_sync.routes();
    let graph_sync = StagedService::start("graph-sync", graph_sync, &context);
    let (scim, api, logins) = (ingress.routes(), admin.routes(), sso.routes());
    let pages = portal.routes(api.clone());
    context.spawn("ingress", ingress.run(context.shutdown.clone()));
    context.spawn("admin", admin.run(context.shutdown.clone()));
    context.spawn("portal", portal.run(context.shutdown.clone()));
    context.spawn("sso", sso.run(context.shutdown.clone()));
    context
        .serve(move |routes| {
            api(routes);
            pages(routes);
            logins(routes);
            notices(routes);
            // Last: its scope has no prefix, and the name of a route is found in the first scope that a path may be in.
            scim(routes);
        })
        .await?;
    graph_sync.stop().await;
    projector.stop().await;
    dispatcher.stop().await;
    Ok(())
}

/// A service that is stopped only when those before it have drained.
struct StagedService {
    shutdown: Shutdown,
    ended: tokio::sync::oneshot::Receiver<()>,
}

impl StagedService {
    fn start(name: &'static str, service: impl Service, context: &Context) -> Self {
        let shutdown = context.shutdown.staged();
        let (end, ended) = tokio::sync::oneshot::channel();
        let work = service.run(shutdown.clone());
        context.spawn(name, async move {
            let result = work.await;
            // Nobody waits when the program stops hard.
            let _ = end.send(());
            result
        });
        Self { shutdown, ended }
    }

    async fn stop(self) {
        self.shutdown.soft.cancel();
        // An error means that the service has ended already.
        let _ = self.ended.await;
    }
}

/// What an administrator needs, shown this once.
fn welcome(first: &admin::FirstStart, public_url: &str) {
    println!(
        "\nRollcall is set up. These are shown once; keep them:\n\n\
         \x20 Tenant URL (SCIM)   {}\n\
         \x20 Secret token        {}\n\
         \x20 Management API      {public_url}/api/v1\n\
         \x20 Console             {public_url}/console\n\
         \x20 Admin key           {}\n",
        first.scim_url,
        first.token.expose_secret(),
        first.admin_key.expose_secret(),
    );
}
