//! The management API and the portal as a program of their own.

use admin::Admin;
use portal::Portal;
use runtime::{Context, Service as _};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let flags = runtime::parse_flags("rollcall-admin", "Serves the management API and the portal.");
    runtime::service_main("rollcall-admin", flags, run)
}

async fn run(context: Context) -> anyhow::Result<()> {
    let (admin, portal): (Admin, Portal) = (context.bind()?, context.bind()?);
    let operations = admin.routes();
    let pages = portal.routes(operations.clone());
    context.spawn("admin", admin.run(context.shutdown.clone()));
    context.spawn("portal", portal.run(context.shutdown.clone()));
    let served = context.serve(move |config| {
        operations(config);
        pages(config);
    });
    served.await?;
    Ok(())
}
