//! Everything in one process: the same libraries as the separate services, over one database and one bus.

use runtime::{Context, Shutdown};
use secrecy::ExposeSecret as _;
use std::future::Future;

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
    let projecting = Stage::spawn(&context, "projector", |shutdown| {
        let deps = projector::Deps {
            store: context.store.clone(),
            bus: context.bus.clone(),
            instance: context.instance.to_string(),
        };
        projector::work(projector::Config::new(&context.settings), deps, shutdown)
    });
    let dispatching = Stage::spawn(&context, "dispatcher", |shutdown| {
        let config = dispatcher::Config::new(&context.settings);
        let deps = dispatcher::Deps {
            shutdown,
            ..dispatcher::Deps::of(&context)
        };
        async move { Ok(dispatcher::dispatch(config, deps).await?) }
    });
    let scim = ingress::State::new(
        ingress::Config::of(&context),
        context.store.clone(),
        context.bus.clone(),
        &context.master_key,
    );
    context.spawn("usage", scim.clone().run_background(context.shutdown.clone()));
    let scim = ingress::configure(scim);
    let api = admin::State::from_context(&context);
    context.spawn("admin", api.clone().run_background(context.shutdown.clone()));
    let api = admin::configure(api);
    context
        .serve(move |routes| {
            scim(routes);
            api(routes);
        })
        .await?;
    projecting.stop().await;
    dispatching.stop().await;
    Ok(())
}

/// A part that is stopped only when those before it have drained.
struct Stage {
    shutdown: Shutdown,
    ended: tokio::sync::oneshot::Receiver<()>,
}

impl Stage {
    fn spawn<F>(context: &Context, name: &'static str, start: impl FnOnce(Shutdown) -> F) -> Self
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let shutdown = context.shutdown.staged();
        let (end, ended) = tokio::sync::oneshot::channel();
        let task = start(shutdown.clone());
        context.spawn(name, async move {
            let result = task.await;
            // Nobody waits when the program stops hard.
            let _ = end.send(());
            result
        });
        Self { shutdown, ended }
    }

    async fn stop(self) {
        self.shutdown.soft.cancel();
        // An error means that the part has ended already.
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
         \x20 Admin key           {}\n",
        first.scim_url,
        first.token.expose_secret(),
        first.admin_key.expose_secret(),
    );
}
