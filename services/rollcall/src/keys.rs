//! `rollcall keys create`.

use runtime::CommandContext;
use std::process::ExitCode;

/// Makes an admin key and prints it, the only time that it can be seen.
pub(crate) async fn create(context: &CommandContext, name: &str) -> anyhow::Result<ExitCode> {
    let (_, token) = admin::create_admin_key(&context.store, name).await?;
    println!("{}", secrecy::ExposeSecret::expose_secret(&token));
    Ok(ExitCode::SUCCESS)
}
