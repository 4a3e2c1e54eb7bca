//! How others reach this installation, and what time it is.

use super::findings::Findings;
use events::Timestamp;
use reqwest::header::{DATE, HeaderMap};
use reqwest::tls::TlsInfo;
use runtime::Settings;
use std::time::{Duration, SystemTime};
use url::Url;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// For one answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Days that a certificate should have left.
const DAYS_LEFT: i64 = 14;
/// A `Date` has whole seconds, and an answer takes some time.
const CLOCK_SECONDS: i64 = 5;
/// Receivers refuse webhooks whose time is five minutes away.
const WRONG_CLOCK_SECONDS: i64 = 60;

/// A client that looks and does not follow.
pub(super) fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .tls_info(true)
        .build()
}

/// Looks at the public address and at the readiness behind it.
pub(super) async fn look(settings: &Settings, findings: &mut Findings) {
    let listen = settings.listen.clone();
    let usual = format!(
        "http://{}",
        listen.replace("0.0.0.0:", "127.0.0.1:").replace("[::]:", "[::1]:")
    );
    let text = settings.public_url.clone().unwrap_or(usual);
    let (Ok(base), Ok(client)) = (text.parse::<Url>(), client()) else {
        return findings.fail("public URL", format!("{text} is no URL"), "set ROLLCALL_PUBLIC_URL");
    };
    if base.scheme() == "http" && settings.public_url.is_some() && !is_here(&base) {
        findings.warn(
            "public URL",
            format!("{text} is not https: everybody on the way reads tokens and people"),
            "put a proxy with a certificate before it; Entra ID asks for one",
        );
    }
    let began = Timestamp::now();
    let answer = match client.get(format!("{text}/readyz")).send().await {
        Ok(answer) => answer,
        Err(error) => {
            let said = format!("nothing answers at {text}: {}", telemetry::chain(&error.without_url()));
            return match &settings.public_url {
                Some(_) => findings.fail(
                    "public URL",
                    said,
                    "see that the server runs, and that names and proxies lead to it",
                ),
                None => findings.warn(
                    "public URL",
                    said,
                    "start it with `rollcall serve`, or say with --listen where it is",
                ),
            };
        }
    };
    clock(answer.headers(), began, "the public URL", findings);
    certificate(&answer, findings);
    let status = answer.status().as_u16();
    let body: serde_json::Value = answer.json().await.unwrap_or_default();
    match (status, body["status"].as_str()) {
        (200, Some("ok")) => findings.ok("public URL", format!("{text} is reached, and ready")),
        (_, Some(_)) => findings.fail(
            "public URL",
            format!("{text} is reached, and not ready: {}", body["dependencies"]),
            "mend what is not ok there; while it starts or stops, wait",
        ),
        _ => findings.warn(
            "public URL",
            format!("{text}/readyz is answered {status} by something else"),
            "see that the proxy leads to Rollcall; it may hide /readyz, which is as good",
        ),
    }
}

/// How many days the certificate has left.
fn certificate(answer: &reqwest::Response, findings: &mut Findings) {
    let Some(der) = answer.extensions().get::<TlsInfo>().and_then(TlsInfo::peer_certificate) else {
        return;
    };
    let Ok((_, certificate)) = X509Certificate::from_der(der) else {
        return;
    };
    let until = certificate.validity().not_after.timestamp();
    let days = (until - Timestamp::now().millis() / 1_000) / (24 * 3_600);
    let said = format!("the certificate of the public URL has {days} days left");
    if days < DAYS_LEFT {
        findings.warn("certificate", said, "renew it");
    } else {
        findings.ok("certificate", said);
    }
}

/// How far this machine's clock is from another one's.
pub(super) fn clock(headers: &HeaderMap, began: Timestamp, whose: &str, findings: &mut Findings) {
    let date = headers
        .get(DATE)
        .and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
    let Some(theirs) = date.and_then(|date| date.duration_since(SystemTime::UNIX_EPOCH).ok()) else {
        return;
    };
    let ours = (began.millis() + Timestamp::now().millis()) / 2_000;
    let offset = ours - i64::try_from(theirs.as_secs()).unwrap_or(i64::MAX);
    let said = format!("{} s from that of {whose}", offset.abs());
    let mend = "let both machines take the time from the network (NTP)";
    match offset.abs() {
        0..=CLOCK_SECONDS => findings.ok("clock", said),
        ..=WRONG_CLOCK_SECONDS => findings.warn("clock", said, mend),
        _ => findings.fail("clock", said, mend),
    }
}

fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}
