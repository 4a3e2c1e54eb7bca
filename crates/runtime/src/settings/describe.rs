//! The effective settings as a person reads them.

use crate::settings::Settings;
use crate::settings::keys::{KEYS, Key, Shown};
use crate::settings::parse::EMBEDDED;
use scim::limits::settings as limits;
use secrecy::ExposeSecret;
use std::fmt::Write;
use std::time::Duration;
use telemetry::LogFormat;
use url::Url;

const MASK: &str = "********";
const UNSET: &str = "(unset)";

/// Three columns: name, value, source.
pub(super) fn table(settings: &Settings) -> String {
    let rows: Vec<(&str, String, String)> = KEYS
        .iter()
        .map(|key| (key.name, cell(settings, key), settings.origin(key.name).to_string()))
        .collect();
    let names = rows.iter().map(|row| row.0.len()).max().unwrap_or_default();
    let values = rows.iter().map(|row| row.1.chars().count()).max().unwrap_or_default();
    let mut table = String::new();
    for (name, value, origin) in &rows {
        // Writing to a String cannot fail.
        let _ = writeln!(table, "{name:names$}  {value:values$}  {origin}");
    }
    table
}

fn value(settings: &Settings, name: &str) -> Option<String> {
    match name {
        "database_url" => Some(settings.database_url.expose_secret().to_owned()),
        "database_connections" => Some(settings.database_connections.to_string()),
        "directory_searches" => Some(settings.directory_searches.to_string()),
        "bus_url" => Some(settings.bus_url.expose_secret().to_owned()),
        "listen" => Some(settings.listen.clone()),
        "public_url" => Some(
            settings
                .public_url
                .clone()
                .unwrap_or_else(|| format!("http://{}", settings.listen)),
        ),
        "master_key" => settings.master_key.as_ref().map(|key| key.expose_secret().to_owned()),
        "admin_key" => settings.admin_key.as_ref().map(|key| key.expose_secret().to_owned()),
        "partitions" => Some(settings.partitions.to_string()),
        "webhook_allow_private" => Some(settings.webhook_allow_private.to_string()),
        "webhook_allow_cidrs" => joined(settings.webhook_allow_cidrs.iter()),
        "webhook_ports" => joined(
            settings
                .webhook_ports
                .iter()
                .map(|range| match (range.start(), range.end()) {
                    (first, last) if first == last => first.to_string(),
                    (first, last) => format!("{first}-{last}"),
                }),
        )
        .or_else(|| Some("443 and from 1024; with http also 80".to_owned())),
        "event_retention_days" => Some(settings.event_retention.map_or_else(|| "0".to_owned(), days)),
        "delivery_retention_days" => Some(days(settings.delivery_retention)),
        "attempt_retention_days" => Some(days(settings.attempt_retention)),
        "response_retention_days" => Some(days(settings.response_retention)),
        "data_dir" => Some(settings.data_dir.display().to_string()),
        "log_format" => Some(
            match settings.log_format {
                LogFormat::Auto => "pretty on a terminal, else json",
                LogFormat::Pretty => "pretty",
                LogFormat::Json => "json",
            }
            .to_owned(),
        ),
        "trace_url" => settings.trace_url.clone(),
        "trace_parent_cidrs" => joined(settings.trace_parent_cidrs.iter()),
        "entra_authority" => Some(settings.entra_authority.clone()),
        "max_body" => Some(settings.max_body.to_string()),
        "page_bytes" => Some(settings.page_bytes.to_string()),
        "body_timeout" => Some(settings.body_timeout.as_secs().to_string()),
        limits::ELEMENTS => Some(settings.limits.elements.to_string()),
        limits::OPERATIONS => Some(settings.limits.operations.to_string()),
        limits::KEYS => Some(settings.limits.keys.to_string()),
        limits::RESOURCE => Some(settings.limits.resource.to_string()),
        "max_connections" => Some(settings.max_connections.map_or_else(
            || "half of the files that may be open, at most 4096".to_owned(),
            |connections| connections.to_string(),
        )),
        "max_unread" => Some(settings.max_unread.to_string()),
        "oauth_token_lifetime" => Some(settings.oauth_token_lifetime.as_secs().to_string()),
        _ => None,
    }
}

/// Elements separated by commas; nothing of none.
fn joined(elements: impl Iterator<Item = impl ToString>) -> Option<String> {
    let elements: Vec<String> = elements.map(|element| element.to_string()).collect();
    (!elements.is_empty()).then(|| elements.join(","))
}

fn days(time: Duration) -> String {
    (time.as_secs() / (24 * 3_600)).to_string()
}

fn cell(settings: &Settings, key: &Key) -> String {
    match (key.shown, value(settings, key.name)) {
        (_, None) if key.name == "master_key" && settings.database_is_sqlite() => {
            format!("(kept in {})", settings.master_key_file().display())
        }
        (_, None) => UNSET.to_owned(),
        (Shown::Whole, Some(value)) => value,
        (Shown::WithoutPassword, Some(value)) => without_password(&value),
        (Shown::Masked, Some(_)) => MASK.to_owned(),
    }
}

/// Hides the password of a URL, and all of it when it is no URL or may hold a password elsewhere.
fn without_password(text: &str) -> String {
    if text == EMBEDDED || text.starts_with("sqlite:") {
        return text.to_owned();
    }
    match Url::parse(text) {
        Ok(mut url) => {
            if url.password().is_some() && url.set_password(Some(MASK)).is_err() {
                return MASK.to_owned();
            }
            // PostgreSQL URLs may carry `?password=…`; other parameters are not worth a list of harmless ones.
            if url.query().is_some() {
                url.set_query(Some(MASK));
            }
            url.to_string()
        }
        Err(_) => MASK.to_owned(),
    }
}
