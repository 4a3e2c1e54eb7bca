//! The command line flags that all programs share.

use secrecy::{ExposeSecret, SecretString};
use std::path::PathBuf;

/// Settings given on the command line; each wins over the variable of the same name. Flatten it into a program's own
/// arguments: the flags are accepted before and after a subcommand.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Flags {
    /// File with settings [default: rollcall.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Settings")]
    pub config: Option<PathBuf>,
    /// Database: postgres://… or sqlite://… [default: sqlite://DATA_DIR/rollcall.db]
    #[arg(long, global = true, value_name = "URL", help_heading = "Settings")]
    pub database_url: Option<SecretString>,
    /// Connections to the database, for each of the things that they are for [default: 10]
    #[arg(long, global = true, value_name = "N", help_heading = "Settings")]
    pub database_connections: Option<String>,
    /// Searches that one directory may have running at a time, 1 to 100 [default: 4]
    #[arg(long, global = true, value_name = "N", help_heading = "Settings")]
    pub directory_searches: Option<String>,
    /// Bus: amqp://user:password@host:5672/vhost, or embedded: inside `rollcall` [default: embedded:]
    #[arg(long, global = true, value_name = "URL", help_heading = "Settings")]
    pub bus_url: Option<SecretString>,
    /// Address of the HTTP server [default: 127.0.0.1:8080]
    #[arg(long, global = true, value_name = "HOST:PORT", help_heading = "Settings")]
    pub listen: Option<String>,
    /// URL that others reach this installation by [default: http:// and the --listen address]
    #[arg(long, global = true, value_name = "URL", help_heading = "Settings")]
    pub public_url: Option<String>,
    /// 32 bytes in base64 that stored secrets are encrypted with [default: kept in the data dir when the database is SQLite]
    #[arg(
        long,
        global = true,
        value_name = "KEY",
        help_heading = "Settings",
        hide_default_value = true
    )]
    pub master_key: Option<SecretString>,
    /// An admin key that is to exist, for automation; at least 32 characters
    #[arg(long, global = true, value_name = "KEY", help_heading = "Settings")]
    pub admin_key: Option<SecretString>,
    /// Ordered lanes on the bus [default: 1]
    #[arg(long, global = true, value_name = "N", help_heading = "Settings")]
    pub partitions: Option<String>,
    /// Let webhook endpoints be http and on private or loopback addresses [default: false]
    #[arg(long, global = true, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", help_heading = "Settings")]
    pub webhook_allow_private: Option<String>,
    /// Private networks that webhook endpoints may be in, e.g. 10.20.0.0/16,fd12:3456::/32 [default: none]
    #[arg(long, global = true, value_name = "CIDRS", help_heading = "Settings")]
    pub webhook_allow_cidrs: Option<String>,
    /// Ports that webhooks go to, e.g. 443,8000-8999 [default: 443 and from 1024; with http also 80]
    #[arg(long, global = true, value_name = "PORTS", help_heading = "Settings")]
    pub webhook_ports: Option<String>,
    /// Days that events are kept in the log; 0 for ever [default: 0]
    #[arg(long, global = true, value_name = "DAYS", help_heading = "Settings")]
    pub event_retention_days: Option<String>,
    /// Days that a finished delivery is kept, and that a disabled endpoint's events are held [default: 90]
    #[arg(long, global = true, value_name = "DAYS", help_heading = "Settings")]
    pub delivery_retention_days: Option<String>,
    /// Days that failed attempts are kept beside their delivery [default: 30]
    #[arg(long, global = true, value_name = "DAYS", help_heading = "Settings")]
    pub attempt_retention_days: Option<String>,
    /// Days that the answers of receivers are kept with the attempts [default: 7]
    #[arg(long, global = true, value_name = "DAYS", help_heading = "Settings")]
    pub response_retention_days: Option<String>,
    /// Folder for the SQLite file and the generated master key [default: ./rollcall-data]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Settings")]
    pub data_dir: Option<String>,
    /// Log lines: pretty or json [default: pretty on a terminal, else json]
    #[arg(long, global = true, value_name = "FORMAT", help_heading = "Settings")]
    pub log_format: Option<String>,
    /// Where a trace can be looked at, with {trace_id} in it, e.g. http://localhost:16686/trace/{trace_id}
    #[arg(long, global = true, value_name = "URL", help_heading = "Settings")]
    pub trace_url: Option<String>,
    /// Networks whose callers' traces are continued, e.g. 10.0.0.0/8; others' are linked [default: none]
    #[arg(long, global = true, value_name = "CIDRS", help_heading = "Settings")]
    pub trace_parent_cidrs: Option<String>,
    /// Where Entra's tenants are: another one for national clouds [default: https://login.microsoftonline.com]
    #[arg(long, global = true, value_name = "URL", help_heading = "Settings")]
    pub entra_authority: Option<String>,
    /// Seconds that an OAuth access token for SCIM is good, 3600 to 21600 [default: 3600]
    #[arg(long, global = true, value_name = "SECONDS", help_heading = "Settings")]
    pub oauth_token_lifetime: Option<String>,
    /// The largest body of a SCIM request, 16384 to 16777216 bytes [default: 1048576]
    #[arg(long, global = true, value_name = "BYTES", help_heading = "Settings")]
    pub max_body: Option<String>,
    /// The most bytes of a page of people, groups, events or deliveries, 16384 to 67108864 [default: 2097152]
    #[arg(long, global = true, value_name = "BYTES", help_heading = "Settings")]
    pub page_bytes: Option<String>,
    /// The most elements of one multi-valued attribute of a user, 10 to 10000 [default: 1000]
    #[arg(long, global = true, value_name = "N", help_heading = "Settings")]
    pub max_elements: Option<String>,
    /// The most operations of one PATCH, 100 to 20000; those on members of a group count as one [default: 2000]
    #[arg(long, global = true, value_name = "N", help_heading = "Settings")]
    pub max_patch_operations: Option<String>,
    /// The most keys of one JSON object in a SCIM request, 100 to 10000 [default: 1000]
    #[arg(long, global = true, value_name = "N", help_heading = "Settings")]
    pub max_keys: Option<String>,
    /// The largest user or group without members, 16384 to 4194304 bytes [default: 262144]
    #[arg(long, global = true, value_name = "BYTES", help_heading = "Settings")]
    pub max_resource: Option<String>,
    /// Seconds that the body of a request may take to arrive, 1 to 600 [default: 30]
    #[arg(long, global = true, value_name = "SECONDS", help_heading = "Settings")]
    pub body_timeout: Option<String>,
    /// HTTP connections at a time, 16 to 1000000 [default: half of the files that may be open, at most 4096]
    #[arg(long, global = true, value_name = "N", help_heading = "Settings")]
    pub max_connections: Option<String>,
    /// Bytes of answers that may wait for slow readers, 1048576 to 68719476736 [default: 67108864]
    #[arg(long, global = true, value_name = "BYTES", help_heading = "Settings")]
    pub max_unread: Option<String>,
}

impl Flags {
    /// The text given for a setting, by its name in `rollcall.toml`.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        match name {
            "database_url" => self.database_url.as_ref().map(ExposeSecret::expose_secret),
            "database_connections" => self.database_connections.as_deref(),
            "directory_searches" => self.directory_searches.as_deref(),
            "bus_url" => self.bus_url.as_ref().map(ExposeSecret::expose_secret),
            "listen" => self.listen.as_deref(),
            "public_url" => self.public_url.as_deref(),
            "master_key" => self.master_key.as_ref().map(ExposeSecret::expose_secret),
            "admin_key" => self.admin_key.as_ref().map(ExposeSecret::expose_secret),
            "partitions" => self.partitions.as_deref(),
            "webhook_allow_private" => self.webhook_allow_private.as_deref(),
            "webhook_allow_cidrs" => self.webhook_allow_cidrs.as_deref(),
            "webhook_ports" => self.webhook_ports.as_deref(),
            "event_retention_days" => self.event_retention_days.as_deref(),
            "delivery_retention_days" => self.delivery_retention_days.as_deref(),
            "attempt_retention_days" => self.attempt_retention_days.as_deref(),
            "response_retention_days" => self.response_retention_days.as_deref(),
            "data_dir" => self.data_dir.as_deref(),
            "log_format" => self.log_format.as_deref(),
            "trace_url" => self.trace_url.as_deref(),
            "trace_parent_cidrs" => self.trace_parent_cidrs.as_deref(),
            "entra_authority" => self.entra_authority.as_deref(),
            "oauth_token_lifetime" => self.oauth_token_lifetime.as_deref(),
            "max_body" => self.max_body.as_deref(),
            "page_bytes" => self.page_bytes.as_deref(),
            "max_elements" => self.max_elements.as_deref(),
            "max_patch_operations" => self.max_patch_operations.as_deref(),
            "max_keys" => self.max_keys.as_deref(),
            "max_resource" => self.max_resource.as_deref(),
            "body_timeout" => self.body_timeout.as_deref(),
            "max_connections" => self.max_connections.as_deref(),
            "max_unread" => self.max_unread.as_deref(),
            _ => None,
        }
    }
}

/// Reads the command line of a program that has no arguments but [`Flags`]; prints help, version or a usage error and
/// ends the process where those are due.
#[must_use]
pub fn parse_flags(name: &'static str, about: &'static str) -> Flags {
    let command = clap::Command::new(name).about(about).version(env!("CARGO_PKG_VERSION"));
    let matches = <Flags as clap::Args>::augment_args(command).get_matches();
    <Flags as clap::FromArgMatches>::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}
