//! `rollcall doctor`: what an operator would look at one after the other, each with what to do. It changes nothing, and may run
//! beside a server.

mod apps;
mod broker;
mod database;
mod findings;
mod machine;
mod mail;
mod network;
mod sealed;

use crate::output::{Mode, OutputArgs};
use findings::{Findings, Level};
use runtime::{Flags, Settings};
use std::process::ExitCode;

/// Look at settings, files, database, bus, clock, public address, mail server and work that waits, and say what to do
///
/// It changes nothing, and may run while the server runs. Each line is ok, warn or FAIL. Exit code 0 when all is well, 1 with a
/// warning, 2 with a failure.
#[derive(clap::Args, Debug)]
pub(crate) struct DoctorArgs {
    /// Where the management API of RabbitMQ is [default: http://HOST:15672 of the bus]
    #[arg(long, value_name = "URL")]
    bus_management_url: Option<url::Url>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    pub(crate) flags: Flags,
}

/// Looks at everything.
pub(crate) fn main(arguments: &DoctorArgs, flags: &Flags) -> ExitCode {
    let mut findings = Findings::default();
    match Settings::from_process(flags) {
        Ok(settings) => {
            // An error only means that the process has a provider already.
            let _ = rustls::crypto::ring::default_provider().install_default();
            match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime.block_on(look(arguments, &settings, &mut findings)),
                Err(error) => findings.fail("process", error.to_string(), "give this process more memory or threads"),
            }
        }
        Err(error) => findings.fail(
            "settings",
            error.to_string(),
            "set what is named; `rollcall config` shows what holds",
        ),
    }
    findings.show(arguments.output.mode() != Mode::People);
    match findings.worst() {
        Level::Ok => ExitCode::SUCCESS,
        Level::Warn => ExitCode::from(1),
        Level::Fail => ExitCode::from(2),
    }
}

async fn look(arguments: &DoctorArgs, settings: &Settings, findings: &mut Findings) {
    machine::settings(settings, findings);
    machine::files(settings, findings);
    machine::disk(settings, findings);
    database::look(settings, findings).await;
    broker::look(settings, arguments.bus_management_url.as_ref(), findings).await;
    network::look(settings, findings).await;
    mail::look(settings, findings).await;
}
