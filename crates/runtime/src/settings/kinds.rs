//! The kinds of values that settings have: how their text is read, and how a value is shown.

mod addresses;

pub(crate) use addresses::{MailAddresses, MailSender, SmtpUrl};

use ipnet::IpNet;
use secrecy::{ExposeSecret as _, SecretString};
use std::fmt::Display;
use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use telemetry::LogFormat;
use url::Url;

/// What a setting without a value is shown as.
pub(crate) const UNSET: &str = "(unset)";
/// What is shown instead of a secret.
const MASK: &str = "********";
/// The bus inside the process, as the settings name it.
pub(crate) const EMBEDDED: &str = "embedded:";
/// Shorter admin keys can be guessed.
const SHORTEST_ADMIN_KEY_CHARACTERS: usize = 32;
/// The longest time that anything is kept for, in days.
const MOST_DAYS: u64 = 3_650;
const SECONDS_A_DAY: u64 = 24 * 3_600;

/// A kind of value.
pub(crate) trait SettingKind {
    /// What the text means.
    type Value;

    /// Reads a text.
    ///
    /// # Errors
    /// What would be right; never the text itself, which may be a secret.
    fn read(&self, text: &str) -> Result<Self::Value, String>;

    /// The value as `rollcall config` shows it: a text that reads as the same value, unless it is secret or has a default
    /// that no text says.
    fn show(&self, value: &Self::Value) -> String;

    /// Whether the flag alone, without a value, means `true`.
    fn is_switch(&self) -> bool {
        false
    }

    /// Whether the value is, or may hold, a secret: such a setting can be read from a file of its own.
    fn is_secret(&self) -> bool {
        false
    }
}

/// A whole number within a range.
pub(crate) struct Number<T> {
    unit: &'static str,
    range: RangeInclusive<u64>,
    of: PhantomData<T>,
}

/// A whole number of these units, as the type of the field.
pub(crate) const fn number<T>(unit: &'static str, range: RangeInclusive<u64>) -> Number<T> {
    Number {
        unit,
        range,
        of: PhantomData,
    }
}

impl<T: FromStr + Display> SettingKind for Number<T> {
    type Value = T;

    fn read(&self, text: &str) -> Result<T, String> {
        let (least, most) = (self.range.start(), self.range.end());
        let is_within = text.parse().is_ok_and(|number: u64| self.range.contains(&number));
        let number = text.parse().ok().filter(|_| is_within);
        number.ok_or_else(|| format!("must be a whole number of {} from {least} to {most}", self.unit))
    }

    fn show(&self, value: &T) -> String {
        value.to_string()
    }
}

/// Seconds within a range.
pub(crate) struct Seconds(pub(crate) RangeInclusive<u64>);

impl SettingKind for Seconds {
    type Value = Duration;

    fn read(&self, text: &str) -> Result<Duration, String> {
        number::<u64>("seconds", self.0.clone())
            .read(text)
            .map(Duration::from_secs)
    }

    fn show(&self, value: &Duration) -> String {
        value.as_secs().to_string()
    }
}

/// Days that something is kept.
pub(crate) struct Days;

impl SettingKind for Days {
    type Value = Duration;

    fn read(&self, text: &str) -> Result<Duration, String> {
        let days = number::<u64>("days", 1..=MOST_DAYS).read(text)?;
        Ok(Duration::from_secs(days * SECONDS_A_DAY))
    }

    fn show(&self, value: &Duration) -> String {
        (value.as_secs() / SECONDS_A_DAY).to_string()
    }
}

/// The same, or 0: for ever.
pub(crate) struct DaysOrForEver;

impl SettingKind for DaysOrForEver {
    type Value = Option<Duration>;

    fn read(&self, text: &str) -> Result<Option<Duration>, String> {
        if text == "0" {
            return Ok(None);
        }
        Days.read(text).map(Some)
    }

    fn show(&self, value: &Option<Duration>) -> String {
        value.map_or_else(|| "0".to_owned(), |time| Days.show(&time))
    }
}

/// True or false.
pub(crate) struct Switch;

impl SettingKind for Switch {
    type Value = bool;

    fn read(&self, text: &str) -> Result<bool, String> {
        match text.to_ascii_lowercase().as_str() {
            "false" | "0" | "no" | "off" => Ok(false),
            "true" | "1" | "yes" | "on" => Ok(true),
            _ => Err("must be true or false".to_owned()),
        }
    }

    fn show(&self, value: &bool) -> String {
        value.to_string()
    }

    fn is_switch(&self) -> bool {
        true
    }
}

/// Networks, separated by commas.
pub(crate) struct Networks;

impl SettingKind for Networks {
    type Value = Vec<IpNet>;

    fn read(&self, text: &str) -> Result<Vec<IpNet>, String> {
        let networks: Option<_> = elements(text).map(|part| part.parse().ok()).collect();
        networks
            .ok_or_else(|| "must be networks separated by commas, for example 10.20.0.0/16,fd12:3456::/32".to_owned())
    }

    fn show(&self, value: &Vec<IpNet>) -> String {
        joined(value.iter()).unwrap_or_else(|| UNSET.to_owned())
    }
}

/// The ports that webhooks go to, and ranges of them, separated by commas; none of them means the usual ones.
pub(crate) struct WebhookPorts;

impl SettingKind for WebhookPorts {
    type Value = Vec<RangeInclusive<u16>>;

    fn read(&self, text: &str) -> Result<Vec<RangeInclusive<u16>>, String> {
        let range = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (first.trim().parse::<u16>().ok()?, last.trim().parse::<u16>().ok()?);
            (first > 0 && first <= last).then_some(first..=last)
        };
        let ports: Option<_> = elements(text).map(range).collect();
        ports.ok_or_else(|| {
            "must be ports and ranges of ports separated by commas, for example 443,8000-8999".to_owned()
        })
    }

    fn show(&self, value: &Vec<RangeInclusive<u16>>) -> String {
        let range = |range: &RangeInclusive<u16>| match (range.start(), range.end()) {
            (first, last) if first == last => first.to_string(),
            (first, last) => format!("{first}-{last}"),
        };
        joined(value.iter().map(range)).unwrap_or_else(|| "443 and from 1024; with http also 80".to_owned())
    }
}

/// An address to listen at.
pub(crate) struct HostAndPort;

impl SettingKind for HostAndPort {
    type Value = String;

    fn read(&self, text: &str) -> Result<String, String> {
        match text.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(text.to_owned()),
            _ => Err("must be host:port, for example 0.0.0.0:8080".to_owned()),
        }
    }

    fn show(&self, value: &String) -> String {
        value.clone()
    }
}

/// The address of a DNS resolver, with a port or for the usual one.
pub(crate) struct Resolver;

impl SettingKind for Resolver {
    type Value = SocketAddr;

    fn read(&self, text: &str) -> Result<SocketAddr, String> {
        let usual = || text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53));
        text.parse().or_else(|_| usual()).map_err(|_| {
            "must be an IP address, with or without a port: 192.0.2.53, 127.0.0.1:5353, [2001:db8::1]:53".to_owned()
        })
    }

    fn show(&self, value: &SocketAddr) -> String {
        value.to_string()
    }
}

/// A folder.
pub(crate) struct Folder;

impl SettingKind for Folder {
    type Value = PathBuf;

    fn read(&self, text: &str) -> Result<PathBuf, String> {
        Ok(text.into())
    }

    fn show(&self, value: &PathBuf) -> String {
        value.display().to_string()
    }
}

/// An address on the web that others are put behind; kept without a slash at the end.
pub(crate) struct WebUrl;

impl SettingKind for WebUrl {
    type Value = String;

    fn read(&self, text: &str) -> Result<String, String> {
        let is_plain = Url::parse(text).is_ok_and(|url| {
            is_web(&url)
                && url.has_host()
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none()
        });
        if !is_plain {
            return Err(
                "must be an http or https URL without user, query and fragment, for example https://scim.example.com"
                    .to_owned(),
            );
        }
        Ok(text.trim_end_matches('/').to_owned())
    }

    fn show(&self, value: &String) -> String {
        value.clone()
    }
}

/// Where a trace can be looked at.
pub(crate) struct TraceUrl;

impl SettingKind for TraceUrl {
    type Value = String;

    fn read(&self, text: &str) -> Result<String, String> {
        if Url::parse(text).is_ok_and(|url| is_web(&url)) && text.contains("{trace_id}") {
            return Ok(text.to_owned());
        }
        Err("must be a URL with {trace_id} in it, for example http://localhost:16686/trace/{trace_id}".to_owned())
    }

    fn show(&self, value: &String) -> String {
        value.clone()
    }
}

/// How log lines look.
pub(crate) struct LogLines;

impl SettingKind for LogLines {
    type Value = LogFormat;

    fn read(&self, text: &str) -> Result<LogFormat, String> {
        match text {
            "pretty" => Ok(LogFormat::Pretty),
            "json" => Ok(LogFormat::Json),
            _ => Err("must be pretty or json".to_owned()),
        }
    }

    fn show(&self, value: &LogFormat) -> String {
        match value {
            LogFormat::Auto => "pretty on a terminal, else json",
            LogFormat::Pretty => "pretty",
            LogFormat::Json => "json",
        }
        .to_owned()
    }
}

/// The URL of a database.
pub(crate) struct DatabaseUrl;

impl SettingKind for DatabaseUrl {
    type Value = SecretString;

    fn read(&self, text: &str) -> Result<SecretString, String> {
        let schemes = ["postgres://", "postgresql://", "sqlite://"];
        if schemes.iter().any(|scheme| text.starts_with(scheme)) {
            return Ok(text.into());
        }
        Err("must start with postgres://, postgresql:// or sqlite://".to_owned())
    }

    fn show(&self, value: &SecretString) -> String {
        without_password(value.expose_secret())
    }

    fn is_secret(&self) -> bool {
        true
    }
}

/// The URL of a bus.
pub(crate) struct BusUrl;

impl SettingKind for BusUrl {
    type Value = SecretString;

    fn read(&self, text: &str) -> Result<SecretString, String> {
        match text {
            EMBEDDED | "embedded" | "embedded://" => Ok(EMBEDDED.into()),
            url if url.starts_with("amqp://") || url.starts_with("amqps://") => Ok(url.into()),
            _ => Err("must be amqp://user:password@host:5672/vhost, or embedded:".to_owned()),
        }
    }

    fn show(&self, value: &SecretString) -> String {
        without_password(value.expose_secret())
    }

    fn is_secret(&self) -> bool {
        true
    }
}

/// The key that stored secrets are encrypted with.
pub(crate) struct MasterKeyText;

impl SettingKind for MasterKeyText {
    type Value = SecretString;

    fn read(&self, text: &str) -> Result<SecretString, String> {
        match secrets::MasterKey::from_base64(text) {
            Ok(_) => Ok(text.into()),
            Err(_) => Err("must be 32 bytes in base64 (make one with: openssl rand -base64 32)".to_owned()),
        }
    }

    fn show(&self, _: &SecretString) -> String {
        MASK.to_owned()
    }

    fn is_secret(&self) -> bool {
        true
    }
}

/// An admin key that a person made. It lets its owner do everything, so it must be as hard to guess as one of ours.
pub(crate) struct AdminKeyText;

impl SettingKind for AdminKeyText {
    type Value = SecretString;

    fn read(&self, text: &str) -> Result<SecretString, String> {
        if text.chars().count() < SHORTEST_ADMIN_KEY_CHARACTERS {
            return Err(format!(
                "must have at least {SHORTEST_ADMIN_KEY_CHARACTERS} characters (make one with: openssl rand -hex 24)"
            ));
        }
        Ok(text.into())
    }

    fn show(&self, _: &SecretString) -> String {
        MASK.to_owned()
    }

    fn is_secret(&self) -> bool {
        true
    }
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// Elements of a list that is separated by commas.
fn elements(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// Elements separated by commas; nothing of none.
fn joined(elements: impl Iterator<Item = impl ToString>) -> Option<String> {
    let elements: Vec<String> = elements.map(|element| element.to_string()).collect();
    (!elements.is_empty()).then(|| elements.join(","))
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
