//! `rollcall keys create`.

use admin::AdminKeyWish;
use runtime::CommandContext;
use std::process::ExitCode;

/// Makes an admin key and prints it, the only time that it can be seen.
pub(crate) async fn create(context: &CommandContext, wish: &AdminKeyWish) -> anyhow::Result<ExitCode> {
    let Some((_, token)) = admin::create_admin_key_as(&context.store, wish).await? else {
        eprintln!("rollcall: there is no organization with the id given as --organization");
        return Ok(ExitCode::FAILURE);
    };
    println!("{}", secrecy::ExposeSecret::expose_secret(&token));
    Ok(ExitCode::SUCCESS)
}

/// Reads `--scope`.
pub(crate) fn scope(text: &str) -> Result<store::AdminScope, String> {
    store::AdminScope::from_name(text).ok_or_else(|| {
        let known: Vec<_> = store::AdminScope::ALL.iter().map(|scope| scope.as_str()).collect();
        format!("the scopes are {}", known.join(", "))
    })
}

/// Reads `--expires-at`, a time in the future.
pub(crate) fn expiry(text: &str) -> Result<events::Timestamp, String> {
    let at: events::Timestamp = text
        .parse()
        .map_err(|_| "an RFC 3339 time is needed, for example 2030-01-31T12:00:00Z".to_owned())?;
    if at <= events::Timestamp::now() {
        return Err("the time must lie in the future".to_owned());
    }
    Ok(at)
}
