//! Flags over environment over `rollcall.toml` over defaults, each value with the place that it came from.

use super::definition::Definition;
use super::error::SettingsError;
use super::kinds::SettingKind;
use super::origin::Origin;
use super::secret_files::SecretFiles;
use crate::flags::Flags;
use figment::providers::{Format, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider, Source};
use std::path::PathBuf;

/// A settings file: where it is and what is in it.
#[derive(Clone, Debug)]
pub struct SettingsFile {
    /// Shown as the source of its values.
    pub path: PathBuf,
    /// TOML.
    pub text: String,
}

const FLAG: &str = "flag";
const ENVIRONMENT: &str = "environment";
const FILE: &str = "file";

/// Values that are text already. Figment's own environment provider would read `0123` as a number.
struct TextLayer {
    layer: &'static str,
    values: Dict,
}

impl TextLayer {
    fn collect(
        layer: &'static str,
        known: &[Definition],
        mut lookup: impl FnMut(&Definition) -> Option<String>,
    ) -> Self {
        // An empty variable is how compose files and shells say "not set".
        let values = known
            .iter()
            .filter_map(|definition| {
                Some((
                    definition.name.to_owned(),
                    Value::from(lookup(definition).filter(|text| !text.is_empty())?),
                ))
            })
            .collect();
        Self { layer, values }
    }
}

impl Provider for TextLayer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.layer)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

/// The settings file, already read.
struct FileValues {
    path: String,
    values: Dict,
}

impl FileValues {
    fn parse(file: &SettingsFile, known: &[Definition]) -> Result<Self, SettingsError> {
        let path = file.path.display().to_string();
        let mut data = Toml::string(&file.text).data().map_err(|error| {
            // The lines that follow quote the file, and with it perhaps a secret.
            let text = error.to_string();
            let reason = text.lines().next().unwrap_or_default().to_owned();
            SettingsError::File {
                path: path.clone(),
                reason,
            }
        })?;
        let values = data.remove(&Profile::Default).unwrap_or_default();
        let is_known = |name: &str| known.iter().any(|definition| definition.name == name);
        match values.keys().find(|name| !is_known(name)) {
            Some(unknown) => Err(SettingsError::UnknownKey {
                path,
                key: unknown.clone(),
                known: known.iter().map(|definition| definition.name).collect(),
            }),
            None => Ok(Self { path, values }),
        }
    }
}

impl Provider for FileValues {
    fn metadata(&self) -> Metadata {
        Metadata::from(FILE, Source::Custom(self.path.clone()))
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

/// All layers, merged. It holds the secrets as plain text, so it lives only while the settings are read.
pub(crate) struct Layers {
    known: &'static [Definition],
    values: Figment,
    secret_files: SecretFiles,
}

impl Layers {
    /// The layers of these settings.
    pub(crate) fn merge(
        known: &'static [Definition],
        flags: &Flags,
        environment: impl Fn(&str) -> Option<String>,
        file: Option<&SettingsFile>,
    ) -> Result<Self, SettingsError> {
        let mut figment = Figment::new();
        if let Some(file) = file {
            figment = figment.merge(FileValues::parse(file, known)?);
        }
        let mut secret_files = SecretFiles::read(known, &environment)?;
        let environment = TextLayer::collect(ENVIRONMENT, known, |definition| {
            let of_file = secret_files.take(definition.name);
            of_file.or_else(|| environment(&definition.variable()))
        });
        let flags = TextLayer::collect(FLAG, known, |definition| flags.get(definition.name).map(str::to_owned));
        Ok(Self {
            known,
            values: figment.merge(environment).merge(flags),
            secret_files,
        })
    }

    /// The value of a setting; `None` when no layer has it.
    pub(crate) fn read<K: SettingKind>(&self, name: &str, kind: &K) -> Result<Option<K::Value>, SettingsError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        kind.read(&text).map(Some).map_err(|reason| self.invalid(name, reason))
    }

    /// The same with a text that stands for what no layer has.
    pub(crate) fn read_or<K: SettingKind>(
        &self,
        name: &str,
        kind: &K,
        default: &str,
    ) -> Result<K::Value, SettingsError> {
        match self.read(name, kind)? {
            Some(value) => Ok(value),
            None => kind.read(default).map_err(|reason| self.invalid(name, reason)),
        }
    }

    /// The winning text of a setting, or `None` when no layer has it.
    fn text(&self, name: &str) -> Result<Option<String>, SettingsError> {
        let Ok(value) = self.values.find_value(name) else {
            return Ok(None);
        };
        match value {
            Value::String(_, text) => Ok(Some(text)),
            Value::Bool(_, value) => Ok(Some(value.to_string())),
            Value::Num(_, number) => match (number.to_i128(), number.to_u128()) {
                (Some(number), _) => Ok(Some(number.to_string())),
                (None, Some(number)) => Ok(Some(number.to_string())),
                (None, None) => Err(self.invalid(name, "must be a text, a whole number or true or false")),
            },
            _ => Err(self.invalid(name, "must be a text, a whole number or true or false")),
        }
    }

    /// Where the winning value of a setting came from.
    pub(crate) fn origin(&self, name: &str) -> Origin {
        let Some(metadata) = self.values.find_metadata(name) else {
            return Origin::Default;
        };
        let definition = self.known.iter().find(|definition| definition.name == name);
        match (metadata.name.as_ref(), definition) {
            (FLAG, Some(definition)) => Origin::Flag(format!("--{}", definition.flag())),
            (ENVIRONMENT, Some(definition)) => match self.secret_files.path(name) {
                Some(path) => Origin::SecretFile {
                    path: path.to_owned(),
                    variable: definition.file_variable(),
                },
                None => Origin::Environment(definition.variable()),
            },
            _ => Origin::File(
                metadata
                    .source
                    .as_ref()
                    .and_then(Source::custom)
                    .unwrap_or(FILE)
                    .to_owned(),
            ),
        }
    }

    /// An error about the value of a setting; says where the value came from, never the value itself.
    fn invalid(&self, name: &str, reason: impl Into<String>) -> SettingsError {
        SettingsError::Invalid {
            key: name.to_owned(),
            origin: self.origin(name),
            reason: reason.into(),
        }
    }
}
