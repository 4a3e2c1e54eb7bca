//! Single sign-on as a program of its own.

use runtime::{Context, Service as _};
use sso::SingleSignOn;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let flags = runtime::parse_flags("rollcall-sso", "Lets people of directories log in to apps.");
    runtime::service_main("rollcall-sso", flags, run)
}

async fn run(context: Context) -> anyhow::Result<()> {
    let service: SingleSignOn = context.bind()?;
    let routes = service.routes();
    context.spawn("sso", service.run(context.shutdown.clone()));
    context.serve(routes).await?;
    Ok(())
}
