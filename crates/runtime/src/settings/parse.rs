//! From texts to typed settings: one check for each, with a message that says what would be right.

use crate::settings::keys::KEYS;
use crate::settings::layers::Layers;
use crate::settings::{Settings, SettingsError};
use ipnet::IpNet;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use scim::Limits;
use scim::limits::settings as names;
use std::num::{NonZeroU16, NonZeroU32};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::StoreOptions;
use telemetry::LogFormat;
use url::Url;

pub(crate) const EMBEDDED: &str = "embedded:";
pub(crate) const DEFAULT_LISTEN: &str = "127.0.0.1:8080";
const DEFAULT_DATA_DIR: &str = "./rollcall-data";
const DEFAULT_ENTRA_AUTHORITY: &str = "https://login.microsoftonline.com";
/// What Entra takes, in seconds (E3).
const TOKEN_LIFETIMES: RangeInclusive<u64> = 3_600..=21_600;
/// In bytes. Whatever is accepted travels over the bus in one message, and brokers take 16 MiB.
const BODY_SIZES: RangeInclusive<u64> = 16_384..=16_777_216;
const DEFAULT_MAX_BODY: u64 = 1_048_576;
/// In bytes: what 20 readers at once may make the process hold several times over.
const PAGE_SIZES: RangeInclusive<u64> = 16_384..=67_108_864;
/// Of one attribute of a user. A user is read, compared and announced as a whole with every change.
const ELEMENTS: RangeInclusive<u64> = 10..=10_000;
/// Of one PATCH.
const OPERATIONS: RangeInclusive<u64> = 100..=20_000;
/// Of one JSON object.
const OBJECT_KEYS: RangeInclusive<u64> = 100..=10_000;
/// Of one resource, in bytes. Its events hold it twice and travel in one message each.
const RESOURCE_SIZES: RangeInclusive<u64> = 16_384..=4_194_304;
/// In seconds.
const BODY_TIMEOUTS: RangeInclusive<u64> = 1..=600;
const DEFAULT_BODY_TIMEOUT: u64 = 30;
/// At a time.
const DIRECTORY_SEARCHES: RangeInclusive<u64> = 1..=100;
const DEFAULT_DIRECTORY_SEARCHES: u64 = 4;
const CONNECTIONS: RangeInclusive<u64> = 16..=1_000_000;
/// In bytes.
const UNREAD: RangeInclusive<u64> = 1_048_576..=68_719_476_736;
const DEFAULT_UNREAD: u64 = 67_108_864;
const DEFAULT_CONNECTIONS: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");
/// Each lane is a pair of queues and a consumer of its own.
/// Shorter admin keys can be guessed.
const SHORTEST_ADMIN_KEY: usize = 32;
const MAX_PARTITIONS: u16 = 1024;
/// How long deliveries, attempts and answers of receivers are kept, in days.
const DELIVERY_DAYS: u64 = 90;
const ATTEMPT_DAYS: u64 = 30;
const RESPONSE_DAYS: u64 = 7;
const MOST_DAYS: u64 = 3_650;
/// What would end or change a path inside a URL.
const PATH: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');

pub(super) fn settings(layers: &Layers) -> Result<Settings, SettingsError> {
    let data_dir = PathBuf::from(layers.text("data_dir")?.unwrap_or_else(|| DEFAULT_DATA_DIR.to_owned()));
    let database_url = match layers.text("database_url")? {
        Some(url) => database_url(layers, url)?,
        None => sqlite_url(layers, &data_dir)?,
    };
    Ok(Settings {
        database_url: database_url.into(),
        database_connections: database_connections(layers)?,
        directory_searches: directory_searches(layers)?,
        bus_url: bus_url(layers)?.into(),
        listen: listen(layers)?,
        public_url: web_url(layers, "public_url")?,
        master_key: master_key(layers)?.map(Into::into),
        admin_key: admin_key(layers)?.map(Into::into),
        partitions: partitions(layers)?,
        webhook_allow_private: boolean(layers, "webhook_allow_private")?,
        webhook_allow_cidrs: networks(layers, "webhook_allow_cidrs")?,
        webhook_ports: ports(layers, "webhook_ports")?,
        event_retention: match layers.text("event_retention_days")?.as_deref() {
            None | Some("0") => None,
            Some(_) => Some(days(layers, "event_retention_days", MOST_DAYS)?),
        },
        delivery_retention: days(layers, "delivery_retention_days", DELIVERY_DAYS)?,
        attempt_retention: days(layers, "attempt_retention_days", ATTEMPT_DAYS)?,
        response_retention: days(layers, "response_retention_days", RESPONSE_DAYS)?,
        data_dir,
        log_format: log_format(layers)?,
        trace_url: trace_url(layers)?,
        trace_parent_cidrs: networks(layers, "trace_parent_cidrs")?,
        entra_authority: web_url(layers, "entra_authority")?.unwrap_or_else(|| DEFAULT_ENTRA_AUTHORITY.to_owned()),
        oauth_token_lifetime: seconds(
            layers,
            "oauth_token_lifetime",
            &TOKEN_LIFETIMES,
            *TOKEN_LIFETIMES.start(),
        )?,
        max_body: max_body(layers)?,
        page_bytes: number(layers, "page_bytes", "bytes", &PAGE_SIZES, StoreOptions::PAGE_BYTES)?,
        body_timeout: seconds(layers, "body_timeout", &BODY_TIMEOUTS, DEFAULT_BODY_TIMEOUT)?,
        limits: limits(layers)?,
        max_connections: match layers.text("max_connections")? {
            None => None,
            Some(_) => Some(amount(layers, "max_connections", "connections", &CONNECTIONS, 0)?),
        },
        max_unread: amount(layers, "max_unread", "bytes", &UNREAD, DEFAULT_UNREAD)?,
        origins: KEYS.iter().map(|key| (key.name, layers.origin(key.name))).collect(),
    })
}

fn database_url(layers: &Layers, url: String) -> Result<String, SettingsError> {
    if ["postgres://", "postgresql://", "sqlite://"]
        .iter()
        .any(|scheme| url.starts_with(scheme))
    {
        return Ok(url);
    }
    Err(layers.invalid(
        "database_url",
        "must start with postgres://, postgresql:// or sqlite://",
    ))
}

fn sqlite_url(layers: &Layers, data_dir: &Path) -> Result<String, SettingsError> {
    let path = data_dir.join("rollcall.db");
    match path.to_str() {
        Some(path) => Ok(format!("sqlite://{}", utf8_percent_encode(path, PATH))),
        None => Err(layers.invalid("data_dir", "must be valid Unicode")),
    }
}

fn database_connections(layers: &Layers) -> Result<NonZeroU32, SettingsError> {
    match layers.text("database_connections")? {
        None => Ok(DEFAULT_CONNECTIONS),
        Some(text) => text
            .parse()
            .map_err(|_| layers.invalid("database_connections", "must be a whole number from 1")),
    }
}

fn directory_searches(layers: &Layers) -> Result<u32, SettingsError> {
    let name = "directory_searches";
    let searches = number(
        layers,
        name,
        "searches",
        &DIRECTORY_SEARCHES,
        DEFAULT_DIRECTORY_SEARCHES,
    )?;
    u32::try_from(searches).map_err(|_| layers.invalid(name, "is too large"))
}

fn bus_url(layers: &Layers) -> Result<String, SettingsError> {
    match layers.text("bus_url")? {
        None => Ok(EMBEDDED.to_owned()),
        Some(url) if url == "embedded" || url == "embedded://" => Ok(EMBEDDED.to_owned()),
        Some(url) if url == EMBEDDED || url.starts_with("amqp://") || url.starts_with("amqps://") => Ok(url),
        Some(_) => Err(layers.invalid("bus_url", "must be amqp://user:password@host:5672/vhost, or embedded:")),
    }
}

fn listen(layers: &Layers) -> Result<String, SettingsError> {
    let Some(text) = layers.text("listen")? else {
        return Ok(DEFAULT_LISTEN.to_owned());
    };
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(text),
        _ => Err(layers.invalid("listen", "must be host:port, for example 0.0.0.0:8080")),
    }
}

fn web_url(layers: &Layers, name: &str) -> Result<Option<String>, SettingsError> {
    let Some(text) = layers.text(name)? else {
        return Ok(None);
    };
    let plain = Url::parse(&text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    });
    if !plain {
        let reason =
            "must be an http or https URL without user, query and fragment, for example https://scim.example.com";
        return Err(layers.invalid(name, reason));
    }
    Ok(Some(text.trim_end_matches('/').to_owned()))
}

fn master_key(layers: &Layers) -> Result<Option<String>, SettingsError> {
    let Some(text) = layers.text("master_key")? else {
        return Ok(None);
    };
    match secrets::MasterKey::from_base64(&text) {
        Ok(_) => Ok(Some(text)),
        Err(_) => Err(layers.invalid(
            "master_key",
            "must be 32 bytes in base64 (make one with: openssl rand -base64 32)",
        )),
    }
}

/// Whoever guesses an admin key may do everything, so a key of a person's making must be as long as one of ours is hard to
/// guess.
fn admin_key(layers: &Layers) -> Result<Option<String>, SettingsError> {
    let text = layers.text("admin_key")?;
    if text
        .as_ref()
        .is_some_and(|key| key.chars().count() < SHORTEST_ADMIN_KEY)
    {
        let reason =
            format!("must have at least {SHORTEST_ADMIN_KEY} characters (make one with: openssl rand -hex 24)");
        return Err(layers.invalid("admin_key", reason));
    }
    Ok(text)
}

fn partitions(layers: &Layers) -> Result<NonZeroU16, SettingsError> {
    let Some(text) = layers.text("partitions")? else {
        return Ok(NonZeroU16::MIN);
    };
    text.parse()
        .ok()
        .filter(|number: &NonZeroU16| number.get() <= MAX_PARTITIONS)
        .ok_or_else(|| {
            layers.invalid(
                "partitions",
                format!("must be a whole number from 1 to {MAX_PARTITIONS}"),
            )
        })
}

fn max_body(layers: &Layers) -> Result<usize, SettingsError> {
    amount(layers, "max_body", "bytes", &BODY_SIZES, DEFAULT_MAX_BODY)
}

fn limits(layers: &Layers) -> Result<Limits, SettingsError> {
    let default = Limits::default();
    let read = |name, unit, range, default| amount(layers, name, unit, range, default as u64);
    Ok(Limits {
        elements: read(names::ELEMENTS, "elements", &ELEMENTS, default.elements)?,
        operations: read(names::OPERATIONS, "operations", &OPERATIONS, default.operations)?,
        keys: read(names::KEYS, "keys", &OBJECT_KEYS, default.keys)?,
        resource: read(names::RESOURCE, "bytes", &RESOURCE_SIZES, default.resource)?,
    })
}

fn amount(
    layers: &Layers,
    name: &str,
    unit: &str,
    range: &RangeInclusive<u64>,
    default: u64,
) -> Result<usize, SettingsError> {
    let amount = number(layers, name, unit, range, default)?;
    usize::try_from(amount).map_err(|_| layers.invalid(name, "is more than this machine can hold"))
}

fn seconds(layers: &Layers, name: &str, range: &RangeInclusive<u64>, default: u64) -> Result<Duration, SettingsError> {
    number(layers, name, "seconds", range, default).map(Duration::from_secs)
}

fn number(
    layers: &Layers,
    name: &str,
    unit: &str,
    range: &RangeInclusive<u64>,
    default: u64,
) -> Result<u64, SettingsError> {
    let Some(text) = layers.text(name)? else {
        return Ok(default);
    };
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| {
        let (least, most) = (range.start(), range.end());
        layers.invalid(name, format!("must be a whole number of {unit} from {least} to {most}"))
    })
}

/// Elements of a list that is separated by commas.
fn list(layers: &Layers, name: &str) -> Result<Vec<String>, SettingsError> {
    let text = layers.text(name)?.unwrap_or_default();
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    Ok(parts.map(ToOwned::to_owned).collect())
}

fn networks(layers: &Layers, name: &str) -> Result<Vec<IpNet>, SettingsError> {
    let read = |part: &String| part.parse().ok();
    let networks: Option<_> = list(layers, name)?.iter().map(read).collect();
    networks.ok_or_else(|| {
        layers.invalid(
            name,
            "must be networks separated by commas, for example 10.20.0.0/16,fd12:3456::/32",
        )
    })
}

fn ports(layers: &Layers, name: &str) -> Result<Vec<RangeInclusive<u16>>, SettingsError> {
    let read = |part: &String| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (first.trim().parse::<u16>().ok()?, last.trim().parse::<u16>().ok()?);
        (first > 0 && first <= last).then_some(first..=last)
    };
    let ports: Option<_> = list(layers, name)?.iter().map(read).collect();
    ports.ok_or_else(|| {
        layers.invalid(
            name,
            "must be ports and ranges of ports separated by commas, for example 443,8000-8999",
        )
    })
}

fn days(layers: &Layers, name: &str, default: u64) -> Result<Duration, SettingsError> {
    let days = match layers.text(name)? {
        None => Some(default),
        Some(text) => text.parse().ok().filter(|days| (1..=MOST_DAYS).contains(days)),
    };
    days.map(|days| Duration::from_secs(days * 24 * 3_600))
        .ok_or_else(|| layers.invalid(name, format!("must be a whole number of days from 1 to {MOST_DAYS}")))
}

fn boolean(layers: &Layers, name: &str) -> Result<bool, SettingsError> {
    match layers.text(name)?.as_deref().map(str::to_ascii_lowercase).as_deref() {
        None | Some("false" | "0" | "no" | "off") => Ok(false),
        Some("true" | "1" | "yes" | "on") => Ok(true),
        Some(_) => Err(layers.invalid(name, "must be true or false")),
    }
}

fn log_format(layers: &Layers) -> Result<LogFormat, SettingsError> {
    match layers.text("log_format")?.as_deref() {
        None => Ok(LogFormat::Auto),
        Some("pretty") => Ok(LogFormat::Pretty),
        Some("json") => Ok(LogFormat::Json),
        Some(_) => Err(layers.invalid("log_format", "must be pretty or json")),
    }
}

fn trace_url(layers: &Layers) -> Result<Option<String>, SettingsError> {
    let Some(text) = layers.text("trace_url")? else {
        return Ok(None);
    };
    let is_web = Url::parse(&text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if is_web && text.contains("{trace_id}") {
        return Ok(Some(text));
    }
    let reason = "must be a URL with {trace_id} in it, for example http://localhost:16686/trace/{trace_id}";
    Err(layers.invalid("trace_url", reason))
}
