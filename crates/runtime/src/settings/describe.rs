//! The effective settings as a person reads them.

use super::definition::Definition;
use super::kinds::{DatabaseUrl, SettingKind as _, UNSET};
use super::origin::Origin;
use super::table::{DEFINITIONS, Settings};
use std::fmt::Write;

/// Name, value and source of each.
pub(super) fn entries(settings: &Settings) -> Vec<(&'static str, String, Origin)> {
    let mut shown = settings.shown();
    let entries = DEFINITIONS.iter().map(|definition| {
        let value = shown.remove(definition.name);
        let value = value.unwrap_or_else(|| implied(settings, definition));
        (definition.name, value, settings.origin(definition.name))
    });
    entries.collect()
}

/// Three columns: name, value, source.
pub(super) fn table(settings: &Settings) -> String {
    let rows = entries(settings);
    let names = rows.iter().map(|row| row.0.len()).max().unwrap_or_default();
    let values = rows.iter().map(|row| row.1.chars().count()).max().unwrap_or_default();
    let mut table = String::new();
    for (name, value, origin) in &rows {
        // Writing to a String cannot fail.
        let _ = writeln!(table, "{name:names$}  {value:values$}  {origin}");
    }
    table
}

/// What holds for a setting that nobody set.
fn implied(settings: &Settings, definition: &Definition) -> String {
    match definition.name {
        "database_url" => DatabaseUrl.show(&settings.database_url()),
        "public_url" => format!("http://{}", settings.listen),
        "master_key" if settings.database_is_sqlite() => {
            format!("(kept in {})", settings.master_key_file().display())
        }
        "master_key_previous" if settings.previous_master_key_file().exists() && settings.keeps_its_master_key() => {
            format!("(kept in {})", settings.previous_master_key_file().display())
        }
        "master_key" | "master_key_previous" => UNSET.to_owned(),
        _ => definition.default.map_or_else(|| UNSET.to_owned(), |default| default()),
    }
}
