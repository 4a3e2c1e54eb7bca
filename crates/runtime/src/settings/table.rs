//! All settings, each once: its name, what it is, how its text is read, how the command line explains it, and what holds
//! when nobody sets it. Fields, flags, variables, keys of `rollcall.toml` and the lines of `rollcall config` follow from here.

use super::definition::Definition;
use super::error::SettingsError;
use super::kinds::{
    AdminKeyText, BusUrl, DatabaseUrl, Days, DaysOrForEver, Folder, HostAndPort, LogLines, MailAddresses, MailSender,
    MasterKeyText, Networks, Resolver, Seconds, SettingKind as _, SmtpUrl, Switch, TraceUrl, WebUrl, WebhookPorts,
    number,
};
use super::layers::Layers;
use super::origin::Origin;
use ipnet::IpNet;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::{NonZeroU16, NonZeroU32};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;
use telemetry::LogFormat;

macro_rules! settings {
    ($(
        $section:literal {$(
            $(#[doc = $doc:literal])+
            $field:ident: $type:ty = $name:literal, $kind:expr, $value:literal, $about:literal $(, $default:ident $text:literal)?;
        )+}
    )+) => {
        /// The settings of a program. `Debug` shows no secret.
        #[derive(Clone, Debug)]
        pub struct Settings {
            $($(
                $(#[doc = $doc])+
                pub $field: settings!(@type $type $(, $default)?),
            )+)+
            pub(super) origins: BTreeMap<&'static str, Origin>,
        }

        /// Every setting, in the order in which they are shown.
        pub(crate) const DEFINITIONS: &[Definition] = &[$($(
            Definition {
                name: $name,
                section: $section,
                value_name: $value,
                about: $about,
                default: settings!(@implied $kind $(, $default $text)?),
                is_switch: || $kind.is_switch(),
                is_secret: || $kind.is_secret(),
            },
        )+)+];

        impl Settings {
            /// Reads each setting from the layers.
            pub(super) fn read(layers: &Layers) -> Result<Self, SettingsError> {
                Ok(Self {
                    $($($field: settings!(@read layers, $name, $kind $(, $default $text)?),)+)+
                    origins: DEFINITIONS
                        .iter()
                        .map(|definition| (definition.name, layers.origin(definition.name)))
                        .collect(),
                })
            }

            /// Each setting that has a value, as it is shown.
            pub(super) fn shown(&self) -> BTreeMap<&'static str, String> {
                let mut shown = BTreeMap::new();
                $($(settings!(@show shown, $name, $kind, self.$field $(, $default)?);)+)+
                shown
            }
        }
    };
    (@type $type:ty, default) => { $type };
    (@type $type:ty, implied) => { Option<$type> };
    (@type $type:ty) => { Option<$type> };
    (@implied $kind:expr, default $text:literal) => {
        Some(|| $kind.read($text).map(|value| $kind.show(&value)).unwrap_or_default())
    };
    (@implied $kind:expr, implied $text:literal) => { Some(|| $text.to_owned()) };
    (@implied $kind:expr) => { None };
    (@read $layers:ident, $name:literal, $kind:expr, default $text:literal) => { $layers.read_or($name, &$kind, $text)? };
    (@read $layers:ident, $name:literal, $kind:expr $(, implied $text:literal)?) => { $layers.read($name, &$kind)? };
    (@show $shown:ident, $name:literal, $kind:expr, $value:expr, default) => { $shown.insert($name, $kind.show(&$value)); };
    (@show $shown:ident, $name:literal, $kind:expr, $value:expr $(, implied)?) => {
        if let Some(value) = &$value {
            $shown.insert($name, $kind.show(value));
        }
    };
}

settings! {
    "Database" {
        /// `postgres://…` or `sqlite://…`, and with it perhaps a password; see [`Settings::database_url`].
        given_database_url: SecretString = "database_url", DatabaseUrl, "URL",
            "Database: postgres://… or sqlite://…", implied "sqlite://DATA_DIR/rollcall.db";
        /// Size of the connection pool, and of the sets of connections beside it.
        database_connections: NonZeroU32 = "database_connections", number::<NonZeroU32>("connections", 1..=4_294_967_295), "N",
            "Connections to the database, for each of the things that they are for", default "10";
        /// How many searches one directory may have running at a time in this process.
        directory_searches: u32 = "directory_searches", number::<u32>("searches", 1..=100), "N",
            "Searches that one directory may have running at a time, 1 to 100", default "4";
        /// The most bytes of a page of a list, unless its first item alone has more. Twenty readers at once make the
        /// process hold so much several times over.
        page_bytes: u64 = "page_bytes", number::<u64>("bytes", 16_384..=67_108_864), "BYTES",
            "The most bytes of a page of people, groups, events or deliveries, 16384 to 67108864", default "2097152";
        /// Folder of the SQLite file and the generated master key.
        data_dir: PathBuf = "data_dir", Folder, "DIR",
            "Folder for the SQLite file and the generated master key", default "./rollcall-data";
    }
    "Bus" {
        /// `amqp://…`, `amqps://…` or `embedded:`; may hold a password.
        bus_url: SecretString = "bus_url", BusUrl, "URL",
            "Bus: amqp://user:password@host:5672/vhost, or embedded: inside `rollcall`", default "embedded:";
        /// Number of ordered lanes on the bus. Each is a pair of queues and a consumer of its own.
        partitions: NonZeroU16 = "partitions", number::<NonZeroU16>("lanes", 1..=1_024), "N",
            "Ordered lanes on the bus", default "1";
    }
    "HTTP" {
        /// Address of the HTTP server, `host:port`; port 0 takes any free one.
        listen: String = "listen", HostAndPort, "HOST:PORT",
            "Address of the HTTP server", default "127.0.0.1:8080";
        /// The URL that others reach this installation by, without a slash at the end; see [`Settings::public_url`].
        public_url: String = "public_url", WebUrl, "URL",
            "URL that others reach this installation by", implied "http:// and the --listen address";
        /// The networks of the reverse proxies in front of this installation, whose `X-Forwarded-For` is believed.
        trusted_proxies: Vec<IpNet> = "trusted_proxies", Networks, "CIDRS",
            "Networks of reverse proxies whose X-Forwarded-For is believed, e.g. 10.0.0.0/8", default "";
        /// How long the body of a request may take to arrive.
        body_timeout: Duration = "body_timeout", Seconds(1..=600), "SECONDS",
            "Seconds that the body of a request may take to arrive, 1 to 600", default "30";
        /// The most HTTP connections at a time; `None` for what is usual and the limit on open files allows.
        max_connections: usize = "max_connections", number::<usize>("connections", 16..=1_000_000), "N",
            "HTTP connections at a time, 16 to 1000000", implied "half of the files that may be open, at most 4096";
        /// The most bytes of answers that wait for their readers.
        max_unread: usize = "max_unread", number::<usize>("bytes", 1_048_576..=68_719_476_736), "BYTES",
            "Bytes of answers that may wait for slow readers, 1048576 to 68719476736", default "67108864";
    }
    "Single sign-on" {
        /// The most requests per second that one address may send to one process to log in or out; twice as many at once.
        sso_address_rate: NonZeroU32 = "sso_address_rate", number::<NonZeroU32>("requests", 1..=100_000), "N",
            "Requests per second that one address may send to log in or out, 1 to 100000; twice as many at once", default "100";
    }
    "Keys" {
        /// The master key in base64, when it was given.
        master_key: SecretString = "master_key", MasterKeyText, "KEY",
            "32 bytes in base64 that stored secrets are encrypted with", implied "kept in the data dir when the database is SQLite";
        /// The master key before the last change, in base64: what it sealed is still read, and nothing is sealed with it.
        master_key_previous: SecretString = "master_key_previous", MasterKeyText, "KEY",
            "The master key before this one, while stored secrets are still sealed with it", implied "none, or kept in the data dir";
        /// The secret of an admin key that is to exist.
        admin_key: SecretString = "admin_key", AdminKeyText, "KEY",
            "An admin key that is to exist, for automation; at least 32 characters";
    }
    "Management API" {
        /// The most requests per second that one admin key may send to one process; twice as many at once.
        admin_rate_limit: NonZeroU32 = "admin_rate_limit", number::<NonZeroU32>("requests", 1..=100_000), "N",
            "Requests per second that one admin key may send, 1 to 100000; twice as many at once", default "100";
    }
    "SCIM" {
        /// The largest body of a SCIM request, in bytes. What is accepted travels over the bus in one message, and brokers
        /// take 16 MiB.
        max_body: usize = "max_body", number::<usize>("bytes", 16_384..=16_777_216), "BYTES",
            "The largest body of a SCIM request, 16384 to 16777216 bytes", default "1048576";
        /// The most elements of one attribute of a user. A user is read, compared and announced as a whole with every change.
        max_elements: usize = "max_elements", number::<usize>("elements", 10..=10_000), "N",
            "The most elements of one multi-valued attribute of a user, 10 to 10000", default "1000";
        /// The most operations of one PATCH.
        max_patch_operations: usize = "max_patch_operations", number::<usize>("operations", 100..=20_000), "N",
            "The most operations of one PATCH, 100 to 20000; those on members of a group count as one", default "2000";
        /// The most keys of one JSON object.
        max_keys: usize = "max_keys", number::<usize>("keys", 100..=10_000), "N",
            "The most keys of one JSON object in a SCIM request, 100 to 10000", default "1000";
        /// The most bytes of one resource. Its events hold it twice and travel in one message each.
        max_resource: usize = "max_resource", number::<usize>("bytes", 16_384..=4_194_304), "BYTES",
            "The largest user or group without members, 16384 to 4194304 bytes", default "262144";
        /// Where Entra's tenants are: issuer and keys of a tenant are below it. Without a slash at the end.
        entra_authority: String = "entra_authority", WebUrl, "URL",
            "Where Entra's tenants are: another one for national clouds", default "https://login.microsoftonline.com";
        /// Where Microsoft Graph is, in the place of the clouds of Microsoft; logins are at `entra_authority` then. `None` for the
        /// addresses of the cloud that a tenant is in.
        graph_url: String = "graph_url", WebUrl, "URL",
            "Where Microsoft Graph is for all tenants, with logins at --entra-authority", implied "that of the tenant's cloud";
        /// How long an OAuth access token for SCIM is good; the range is what Entra takes (E3).
        oauth_token_lifetime: Duration = "oauth_token_lifetime", Seconds(3_600..=21_600), "SECONDS",
            "Seconds that an OAuth access token for SCIM is good, 3600 to 21600", default "3600";
    }
    "DNS" {
        /// The resolver that is asked whether a domain belongs to an organization; `None` for those of the system.
        dns_resolver: SocketAddr = "dns_resolver", Resolver, "ADDRESS",
            "DNS resolver for the verification of domains, e.g. 192.0.2.53 or 127.0.0.1:5353", implied "those of the system";
    }
    "Webhooks" {
        /// Whether webhook endpoints may be http and on private or loopback addresses.
        webhook_allow_private: bool = "webhook_allow_private", Switch, "BOOL",
            "Let webhook endpoints be http and on private or loopback addresses", default "false";
        /// Private networks that webhook endpoints may be in all the same.
        webhook_allow_cidrs: Vec<IpNet> = "webhook_allow_cidrs", Networks, "CIDRS",
            "Private networks that webhook endpoints may be in, e.g. 10.20.0.0/16,fd12:3456::/32", default "";
        /// The ports that webhooks go to; empty for the usual ones (443 and from 1024, with `http` also 80).
        webhook_ports: Vec<RangeInclusive<u16>> = "webhook_ports", WebhookPorts, "PORTS",
            "Ports that webhooks go to, e.g. 443,8000-8999", default "";
    }
    "Mail" {
        /// Where the SMTP server is, and with it perhaps a password; `None` for no mails.
        smtp_url: SecretString = "smtp_url", SmtpUrl, "URL",
            "SMTP server: smtps://user:password@host or smtp://host:port; without it no mails are sent";
        /// Whom mails are from: an address, or a name and an address in angle brackets.
        mail_from: String = "mail_from", MailSender, "ADDRESS",
            "Whom mails are from, e.g. Rollcall <rollcall@example.com>; needed with --smtp-url";
        /// The addresses of those who are told of everything.
        mail_operators: Vec<String> = "mail_operators", MailAddresses, "ADDRESSES",
            "Addresses of those who are told of everything that is the matter, separated by commas", default "";
    }
    "Retention" {
        /// How long events are kept in the log; `None` for ever.
        event_retention: Option<Duration> = "event_retention_days", DaysOrForEver, "DAYS",
            "Days that events are kept in the log; 0 for ever", default "0";
        /// How long a delivery that came to its end is kept, and how long a disabled endpoint's events are held.
        delivery_retention: Duration = "delivery_retention_days", Days, "DAYS",
            "Days that a finished delivery is kept, and that a disabled endpoint's events are held", default "90";
        /// How long attempts are kept beside their delivery.
        attempt_retention: Duration = "attempt_retention_days", Days, "DAYS",
            "Days that failed attempts are kept beside their delivery", default "30";
        /// How long the answers of receivers are kept with the attempts.
        response_retention: Duration = "response_retention_days", Days, "DAYS",
            "Days that the answers of receivers are kept with the attempts", default "7";
        /// How long the requests of identity providers are kept.
        request_retention: Duration = "request_retention_days", Days, "DAYS",
            "Days that the requests of identity providers are kept", default "14";
        /// How long entries of the audit log are kept.
        audit_retention: Duration = "audit_retention_days", Days, "DAYS",
            "Days that entries of the audit log are kept", default "400";
    }
    "Logs and traces" {
        /// How log lines look, where it is said.
        log_format: LogFormat = "log_format", LogLines, "FORMAT",
            "Log lines: pretty or json", implied "pretty on a terminal, else json";
        /// Where a trace can be looked at: a URL with `{trace_id}` in it.
        trace_url: String = "trace_url", TraceUrl, "URL",
            "Where a trace can be looked at, with {trace_id} in it, e.g. http://localhost:16686/trace/{trace_id}";
        /// The networks whose callers' traces are continued; others' are linked.
        trace_parent_cidrs: Vec<IpNet> = "trace_parent_cidrs", Networks, "CIDRS",
            "Networks whose callers' traces are continued, e.g. 10.0.0.0/8; others' are linked", default "";
    }
}
