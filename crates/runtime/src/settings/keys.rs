//! The names of all settings, once.

use scim::limits::settings as limits;

/// How a value may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// As it is.
    Whole,
    /// A URL, without its password.
    WithoutPassword,
    /// Not at all.
    Masked,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    /// Its name in `rollcall.toml`.
    pub(crate) name: &'static str,
    pub(crate) shown: Shown,
}

impl Key {
    /// Its environment variable: `ROLLCALL_` and the name in capitals.
    pub(crate) fn variable(&self) -> String {
        format!("ROLLCALL_{}", self.name.to_ascii_uppercase())
    }

    /// Its command line flag: the name in kebab case.
    pub(crate) fn flag(&self) -> String {
        format!("--{}", self.name.replace('_', "-"))
    }

    /// The setting with this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.name == name)
    }
}

const fn key(name: &'static str, shown: Shown) -> Key {
    Key { name, shown }
}

/// Every setting, in the order in which they are shown.
pub(crate) const KEYS: &[Key] = &[
    key("database_url", Shown::WithoutPassword),
    key("database_connections", Shown::Whole),
    key("directory_searches", Shown::Whole),
    key("bus_url", Shown::WithoutPassword),
    key("listen", Shown::Whole),
    key("public_url", Shown::Whole),
    key("master_key", Shown::Masked),
    key("admin_key", Shown::Masked),
    key("partitions", Shown::Whole),
    key("webhook_allow_private", Shown::Whole),
    key("webhook_allow_cidrs", Shown::Whole),
    key("webhook_ports", Shown::Whole),
    key("event_retention_days", Shown::Whole),
    key("delivery_retention_days", Shown::Whole),
    key("attempt_retention_days", Shown::Whole),
    key("response_retention_days", Shown::Whole),
    key("data_dir", Shown::Whole),
    key("log_format", Shown::Whole),
    key("trace_url", Shown::Whole),
    key("trace_parent_cidrs", Shown::Whole),
    key("entra_authority", Shown::Whole),
    key("oauth_token_lifetime", Shown::Whole),
    key("max_body", Shown::Whole),
    key("page_bytes", Shown::Whole),
    key("body_timeout", Shown::Whole),
    key(limits::ELEMENTS, Shown::Whole),
    key(limits::OPERATIONS, Shown::Whole),
    key(limits::KEYS, Shown::Whole),
    key(limits::RESOURCE, Shown::Whole),
    key("max_connections", Shown::Whole),
    key("max_unread", Shown::Whole),
];

/// The names of all settings, for error messages.
pub(crate) fn names() -> String {
    KEYS.iter().map(|key| key.name).collect::<Vec<_>>().join(", ")
}
