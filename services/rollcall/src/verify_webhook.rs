//! `rollcall verify-webhook`: whether a webhook that an app received is one, and if not, why.

use crate::output::{Mode, OutputArgs};
use crate::usage::UsageError;
use anyhow::Context as _;
use events::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;
use webhooks::diagnosis::{Diagnosis, Verifier, diagnose};

/// The largest payload that is read.
const LARGEST_PAYLOAD: u64 = 64 * 1024 * 1024;

/// Check a webhook that an app received, and say exactly what is wrong with it
///
/// Give the payload byte for byte as it came. Exit code 0 when it is valid, 1 when it is not.
#[derive(clap::Args, Debug)]
pub(crate) struct VerifyWebhookArgs {
    /// The endpoint's secret (whsec_…), or its public key (whpk_…)
    #[arg(
        long,
        value_name = "SECRET",
        env = "ROLLCALL_WEBHOOK_SECRET",
        hide_env_values = true,
        required_unless_present = "secret_file",
        conflicts_with = "secret_file"
    )]
    secret: Option<SecretString>,
    /// A file with the secret
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// A file with the body of the request; - for stdin
    #[arg(long, value_name = "FILE|-")]
    payload: PathBuf,
    /// A header of the request, as "name: value"; once for each
    #[arg(long = "header", value_name = "NAME: VALUE", required = true)]
    headers: Vec<String>,
    /// When it came, an RFC 3339 time or seconds since 1970 [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

/// Checks it.
///
/// # Errors
/// When something of it cannot be read.
pub(crate) fn verify(arguments: &VerifyWebhookArgs) -> anyhow::Result<ExitCode> {
    let secret = match (&arguments.secret, &arguments.secret_file) {
        (Some(secret), _) => secret.expose_secret().to_owned(),
        (None, Some(file)) => {
            let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
            text.trim_end_matches(['\n', '\r']).to_owned()
        }
        (None, None) => return Err(UsageError::new("--secret or --secret-file must be given").into()),
    };
    let mut headers = Vec::with_capacity(arguments.headers.len());
    for header in &arguments.headers {
        let pair = header.split_once(':');
        let (name, value) =
            pair.ok_or_else(|| UsageError::new(format!("--header \"{header}\": must be \"name: value\"")))?;
        headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    }
    let at = match &arguments.at {
        None => Timestamp::now().millis() / 1_000,
        Some(text) => moment(text)?,
    };
    let body = payload(arguments)?;
    let diagnosis = match Verifier::parse(&secret) {
        Ok(verifier) => diagnose(&verifier, &headers, &body, at),
        Err(reason) => Diagnosis::refused(reason),
    };
    match arguments.output.mode() {
        Mode::People if diagnosis.is_valid => println!("valid: {}", diagnosis.reason),
        Mode::People => {
            println!("not valid: {}", diagnosis.reason);
            diagnosis.hints.iter().for_each(|hint| println!("  {hint}"));
        }
        Mode::Json | Mode::Jsonl => println!(
            "{}",
            json!({"valid": diagnosis.is_valid, "reason": diagnosis.reason, "hints": diagnosis.hints})
        ),
    }
    Ok(if diagnosis.is_valid {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn moment(text: &str) -> anyhow::Result<i64> {
    if let Ok(seconds) = text.parse() {
        return Ok(seconds);
    }
    let at: Result<Timestamp, _> = text.parse();
    let wrong = |_| UsageError::new("--at: must be an RFC 3339 time or seconds since 1970");
    Ok(at.map_err(wrong)?.millis() / 1_000)
}

fn payload(arguments: &VerifyWebhookArgs) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    if arguments.payload.as_os_str() == "-" {
        std::io::stdin().lock().take(LARGEST_PAYLOAD).read_to_end(&mut body)?;
        return Ok(body);
    }
    let path = arguments.payload.display();
    let file = std::fs::File::open(&arguments.payload).with_context(|| format!("{path} cannot be read"))?;
    file.take(LARGEST_PAYLOAD)
        .read_to_end(&mut body)
        .with_context(|| format!("{path} cannot be read"))?;
    Ok(body)
}
