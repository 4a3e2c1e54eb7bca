//! `rollcall openapi`.

use std::io::Write as _;
use std::process::ExitCode;

/// Prints the OpenAPI document of the management API; needs no settings.
pub(crate) fn print() -> ExitCode {
    let printed = admin::openapi()
        .to_pretty_json()
        .map_err(anyhow::Error::from)
        .and_then(|document| Ok(writeln!(std::io::stdout(), "{document}")?));
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rollcall: {error:#}");
            ExitCode::FAILURE
        }
    }
}
