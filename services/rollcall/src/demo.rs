//! `rollcall demo`: the main job shown to a person, end to end, on a database and a bus made for the occasion.

mod entra;
mod receiver;
mod screen;
mod story;

use crate::serve;
use anyhow::Context as _;
use receiver::Receiver;
use reqwest::Client;
use runtime::{Context, Flags, Program, Settings, service_main};
use screen::{Screen, millis};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use story::{Story, Tally};

/// Where the demo serves when nobody says otherwise and the port is free.
const ADDRESS: &str = "127.0.0.1:8080";

/// Runs the demo in a temporary folder, which goes with it.
pub(crate) fn main(program: Program, flags: Flags, exit: bool) -> ExitCode {
    let folder = match tempfile::Builder::new().prefix("rollcall-demo-").tempdir() {
        Ok(folder) => folder,
        Err(error) => {
            eprintln!("rollcall: no temporary folder could be made: {error}");
            return ExitCode::FAILURE;
        }
    };
    let told = Arc::new(AtomicBool::new(false));
    let outcome = Arc::clone(&told);
    let flags = settings(flags, folder.path());
    let code = service_main(program.with_log_filter("warn"), flags, async move |context| {
        run(context, exit, &outcome).await
    });
    if told.load(Ordering::Acquire) {
        code
    } else {
        ExitCode::FAILURE
    }
}

/// The demo's own settings: everything inside this process and inside the folder; only the address may be chosen.
fn settings(flags: Flags, folder: &std::path::Path) -> Flags {
    let given = flags.get("listen").map(str::to_owned);
    let listen = given
        .or_else(|| std::env::var("ROLLCALL_LISTEN").ok())
        .unwrap_or_else(|| {
            // Looked at, not held: at worst the start fails with a clear message.
            let free = std::net::TcpListener::bind(ADDRESS).is_ok();
            if free { ADDRESS } else { "127.0.0.1:0" }.to_owned()
        });
    flags
        .with("listen", listen)
        .with("data_dir", folder.display().to_string())
        .with(
            "database_url",
            format!("sqlite://{}", folder.join("rollcall.db").display()),
        )
        .with("bus_url", "embedded:")
        .with("webhook_allow_private", "true")
        // The identity provider of the story and its receiver are on this machine, and their traces are what is shown.
        .with("trace_parent_cidrs", "127.0.0.0/8,::1/128")
        .with("partitions", "1")
}

async fn run(context: Context, exit: bool, told: &AtomicBool) -> anyhow::Result<()> {
    let (key, admin_key) = admin::create_admin_key(&context.store, "demo").await?;
    let portal: portal::Portal = context.bind()?;
    let admin_key = secrecy::ExposeSecret::expose_secret(&admin_key).to_owned();
    let public_url = context.public_url.to_string();
    let (shutdown, settings) = (context.shutdown.clone(), Arc::clone(&context.settings));
    let serving = tokio::spawn(serve::serve(context));
    let telling = async {
        let story = tell(&public_url, admin_key).await?;
        told.store(true, Ordering::Release);
        anyhow::Ok(story)
    };
    let result = tokio::select! {
        () = shutdown.soft.cancelled() => None,
        story = telling => Some(story),
    };
    match result {
        Some(Ok(story)) if !exit => {
            story.screen.line(&format!("\nServing at {public_url} until Ctrl-C."));
            let login = portal.one_time_login(key).await?;
            let login = secrecy::ExposeSecret::expose_secret(&login);
            story
                .screen
                .line(&format!("The console, logged in (once, within ten minutes): {login}"));
            story.screen.line(&format!(
                "Is all well? rollcall doctor {}",
                doctor_flags(&settings, &public_url)
            ));
            story.screen.line(&format!(
                "The API's reference is at {public_url}/api/docs, the guides at {public_url}/docs."
            ));
            shutdown.soft.cancelled().await;
            story.receiver.stop().await;
        }
        Some(Ok(story)) => {
            shutdown.soft.cancel();
            story.receiver.stop().await;
        }
        Some(Err(error)) => {
            Screen::new().verdict(false, &format!("The demo failed: {error:#}"));
            shutdown.fail();
        }
        None => {}
    }
    serving.await?
}

/// What `rollcall doctor` needs to look at the demo.
fn doctor_flags(settings: &Settings, public_url: &str) -> String {
    let listen = public_url.trim_start_matches("http://");
    format!("--data-dir {} --listen {listen}", settings.data_dir.display())
}

/// Sets up endpoint and directory as an administrator would, through the management API, and plays the story.
async fn tell(public_url: &str, admin_key: String) -> anyhow::Result<Story> {
    let screen = Screen::new();
    let client = Client::builder().timeout(Duration::from_secs(30)).build()?;
    let api = format!("{public_url}/api/v1");
    let receiver = Receiver::start()?;
    screen.line("Rollcall: an identity provider's changes, as signed webhooks");
    let endpoint = post(
        &client,
        &admin_key,
        &format!("{api}/endpoints"),
        json!({ "url": receiver.url }),
    )
    .await?;
    receiver.trust(endpoint["secret"].as_str().context("the endpoint has no secret")?)?;
    let body = json!({ "organization": "contoso.example", "name": "Contoso", "provider": "entra_id" });
    let directory = post(&client, &admin_key, &format!("{api}/directories"), body).await?;
    let text = |value: &Value, what: &str| value.as_str().map(str::to_owned).with_context(|| format!("no {what}"));
    let directory_id = text(&directory["id"], "directory id")?;
    let scim_url = text(&directory["scim_url"], "SCIM URL")?;
    let token = text(&directory["key"]["token"], "token")?;
    screen.step("Set up through the management API");
    screen.fact("Tenant URL", &scim_url);
    screen.fact("App's webhook URL", &receiver.url);
    screen.fact("Management API", &api);
    let mut story = Story {
        screen,
        entra: entra::Entra::new(client.clone(), &scim_url, &token),
        receiver,
        client,
        api,
        admin_key,
        directory_id,
        tally: Tally::new()?,
        last_event: "0".to_owned(),
        arrived: HashMap::new(),
    };
    story.play().await?;
    summary(screen, &story.tally)?;
    Ok(story)
}

async fn post(client: &Client, admin_key: &str, url: &str, body: Value) -> anyhow::Result<Value> {
    let response = client.post(url).bearer_auth(admin_key).json(&body).send().await?;
    let status = response.status();
    let answer = response.text().await?;
    anyhow::ensure!(status.is_success(), "{url} was answered {status}: {answer}");
    Ok(serde_json::from_str(&answer)?)
}

/// The closing figures; an error when a webhook was not signed as it should be.
fn summary(screen: Screen, tally: &Tally) -> anyhow::Result<()> {
    let at = |quantile: f64| millis(Duration::from_micros(tally.latency.value_at_quantile(quantile)));
    screen.step("Summary");
    screen.fact("SCIM requests", &tally.requests.to_string());
    screen.fact("events", &tally.events.to_string());
    screen.fact("webhooks delivered", &tally.deliveries.to_string());
    screen.fact(
        "signatures verified",
        &(tally.deliveries - tally.unverified).to_string(),
    );
    screen.fact(
        "request to webhook",
        &format!("p50 {}, p99 {}, max {}", at(0.5), at(0.99), at(1.0)),
    );
    screen.fact("slowest trace", &tally.slowest.1);
    screen.step("Traces: one from each request to its webhooks");
    for (what, trace) in &tally.traces {
        let shown: String = what.chars().take(46).collect();
        screen.line(&format!("  {trace}  {shown}"));
    }
    anyhow::ensure!(
        tally.unverified == 0,
        "{} webhooks had a bad signature",
        tally.unverified
    );
    screen.verdict(
        true,
        "Every event reached the app, signed, and in the trace of its request.",
    );
    Ok(())
}
