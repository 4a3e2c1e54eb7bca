//! `rollcall listen`: events as webhooks to an app on this machine, over the stream, so that no address must be reachable from
//! outside.

use crate::output::out;
use crate::stream::{StreamArgs, line, next_event};
use crate::usage::UsageError;
use client::StreamedEvent;
use reqwest::{Client, Url};
use secrecy::{ExposeSecret as _, SecretString};
use std::io::Write as _;
use std::time::{Duration, Instant};
use webhooks::{ID_HEADER, SIGNATURE_HEADER, Secret, TIMESTAMP_HEADER, sign};

/// How long an app may take, as with real webhooks.
const PATIENCE: Duration = Duration::from_secs(15);
/// What is shown of an answer that says no.
const SHOWN_CHARACTERS: usize = 200;

/// Forward events to an app on this machine, signed as webhooks
///
/// Each event is sent once, in order, with the headers of Standard Webhooks; what the app answers is printed. An event that
/// the app does not take is not sent again: to send it again, use --after with the id of the one before. The stream goes on over every
/// interruption where it was.
#[derive(clap::Args, Debug)]
pub(crate) struct ListenArgs {
    /// Where the app takes webhooks, for example http://localhost:3000/hook
    #[arg(long, value_name = "URL")]
    forward: Url,
    /// The secret to sign with (whsec_…) [default: a new one, printed at the start]
    #[arg(long, value_name = "SECRET", env = "ROLLCALL_LISTEN_SECRET", hide_env_values = true)]
    secret: Option<SecretString>,
    /// End after so many events
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    #[command(flatten)]
    stream: StreamArgs,
}

/// Forwards events until Ctrl-C.
///
/// # Errors
/// When the server refuses the stream for good, and when URL or secret are none.
pub(crate) async fn listen(arguments: &ListenArgs) -> anyhow::Result<()> {
    let secret = match &arguments.secret {
        Some(text) => {
            Secret::parse(text.expose_secret()).map_err(|error| UsageError::new(format!("--secret: {error}")))?
        }
        None => Secret::mint()?,
    };
    if !matches!(arguments.forward.scheme(), "http" | "https") {
        return Err(UsageError::new("--forward: must be an http or https URL").into());
    }
    let mut stream = arguments.stream.open()?;
    let app = Client::builder()
        .user_agent(concat!("Rollcall-Webhooks/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(PATIENCE)
        .build()?;
    let mut out = out();
    writeln!(
        out,
        "events go to {}, signed with {}",
        arguments.forward,
        secret.expose()
    )?;
    out.flush()?;
    let (mut taken, mut failed) = (0_u64, 0_u64);
    while taken + failed < arguments.count.unwrap_or(u64::MAX) {
        let event = tokio::select! {
            event = next_event(&mut stream) => event?,
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                break;
            }
        };
        let began = Instant::now();
        let answer = forward(&app, &arguments.forward, &secret, &event).await;
        let millis = began.elapsed().as_millis();
        match answer {
            Ok(status) => {
                taken += 1;
                writeln!(out, "{}  {status} in {millis} ms", line(&event))?;
            }
            Err(reason) => {
                failed += 1;
                writeln!(out, "{}  FAILED after {millis} ms: {reason}", line(&event))?;
            }
        }
        out.flush()?;
    }
    eprintln!("{taken} taken, {failed} failed");
    if let Some(last) = stream.last() {
        eprintln!("to go on where this ends: --after {last}");
    }
    Ok(())
}

/// One request as the dispatcher makes it; the status of an answer that says yes.
async fn forward(app: &Client, to: &Url, secret: &Secret, event: &StreamedEvent) -> Result<u16, String> {
    let at = events::Timestamp::now().millis() / 1_000;
    let signature = sign(std::slice::from_ref(secret), &event.id, at, &event.body);
    let request = app
        .post(to.clone())
        .header("content-type", "application/json")
        .header(ID_HEADER, &event.id)
        .header(TIMESTAMP_HEADER, at.to_string())
        .header(SIGNATURE_HEADER, signature)
        .body(event.body.clone());
    let response = request.send().await.map_err(|error| {
        let error = error.without_url();
        telemetry::chain(&error).to_string()
    })?;
    let status = response.status();
    if status.is_success() {
        return Ok(status.as_u16());
    }
    let text = response.text().await.unwrap_or_default();
    let shown: String = text
        .chars()
        .filter(|one| !one.is_control())
        .take(SHOWN_CHARACTERS)
        .collect();
    Err(format!("{} {shown}", status.as_u16()))
}
