//! Which server a command talks to, and with which key.

use crate::usage::UsageError;
use anyhow::Context as _;
use client::{Client, Patience, Profile, Profiles};
use secrecy::SecretString;
use std::path::{Path, PathBuf};

/// Where a server is when only a key is given.
const USUAL_URL: &str = "http://127.0.0.1:8080";

// Which server, and which key. A key goes to no other server than the one that it was given for. (As documentation, clap
// would show it as that of the command.)
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Server")]
pub(crate) struct ConnectionArgs {
    /// The profile of the server, as `rollcall login` saved it [default: the default profile]
    #[arg(long, value_name = "NAME", env = "ROLLCALL_PROFILE")]
    profile: Option<String>,
    /// The URL of the server, in place of a profile
    #[arg(long, value_name = "URL")]
    api_url: Option<String>,
    /// An admin key. Others on this machine can see it: better set ROLLCALL_API_KEY or use --api-key-file
    #[arg(long, value_name = "KEY", conflicts_with = "api_key_file")]
    api_key: Option<SecretString>,
    /// A file with an admin key
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<PathBuf>,
}

/// A client of the server that flags, environment or profile name, in this order. With `--api-url` and `ROLLCALL_API_URL`,
/// the key must be given, too.
///
/// # Errors
/// When no server or no key is named, and when they cannot be read.
pub(crate) fn client(arguments: &ConnectionArgs, patience: Patience) -> anyhow::Result<Client> {
    let environment = |name: &str| std::env::var(name).ok();
    let server = server(arguments, &environment, &mut |warning| eprintln!("rollcall: {warning}"))?;
    Ok(Client::new(&server.url, &server.api_key, patience)?)
}

fn server(
    arguments: &ConnectionArgs,
    environment: &impl Fn(&str) -> Option<String>,
    warn: &mut impl FnMut(String),
) -> anyhow::Result<Profile> {
    let set = |name: &str| environment(name).filter(|text| !text.is_empty());
    let flag = match (&arguments.api_key, &arguments.api_key_file) {
        (Some(key), _) => Some(key.clone()),
        (None, Some(file)) => Some(key_of(file)?),
        (None, None) => None,
    };
    let of_environment = || match (set("ROLLCALL_API_KEY"), set("ROLLCALL_API_KEY_FILE")) {
        (Some(_), Some(_)) => Err(anyhow::Error::from(UsageError::new(
            "ROLLCALL_API_KEY and ROLLCALL_API_KEY_FILE are both set; set one of them",
        ))),
        (Some(key), None) => Ok(Some(SecretString::from(key))),
        (None, Some(file)) => key_of(Path::new(&file)).map(Some),
        (None, None) => Ok(None),
    };
    let url = arguments
        .api_url
        .clone()
        .or_else(|| set("ROLLCALL_API_URL").filter(|_| arguments.profile.is_none()));
    if let Some(url) = url {
        let key = match flag {
            Some(key) => Some(key),
            None => of_environment()?,
        };
        let api_key = key.ok_or_else(|| {
            UsageError::new(format!(
                "a key for {url} is missing: set ROLLCALL_API_KEY or use --api-key-file; keys of profiles are for their own servers"
            ))
        })?;
        return Ok(Profile { url, api_key });
    }
    if arguments.profile.is_none()
        && let Some(api_key) = match &flag {
            Some(_) => None,
            None => of_environment()?,
        }
    {
        let url = USUAL_URL.to_owned();
        return Ok(Profile { url, api_key });
    }
    let mut profile = of_profiles(arguments.profile.as_deref(), environment, warn)?;
    if let Some(key) = flag {
        profile.api_key = key;
    }
    Ok(profile)
}

fn of_profiles(
    name: Option<&str>,
    environment: &impl Fn(&str) -> Option<String>,
    warn: &mut impl FnMut(String),
) -> anyhow::Result<Profile> {
    let path =
        Profiles::place(environment).ok_or_else(|| UsageError::new("HOME is not set, so there are no profiles"))?;
    let profiles = Profiles::read(&path)?;
    if let Some(warning) = Profiles::warning(&path) {
        warn(warning);
    }
    if let Some((_, profile)) = profiles.get(name) {
        return Ok(profile.clone());
    }
    let known: Vec<&str> = profiles.names().collect();
    Err(UsageError::new(match (name, known.as_slice()) {
        (Some(name), []) => {
            format!("there is no profile {name}; make it with: rollcall login --profile {name} --url URL")
        }
        (Some(name), known) => format!("there is no profile {name}; there are {}", known.join(", ")),
        (None, []) => {
            "no server is named: run `rollcall login --url URL`, or set ROLLCALL_API_URL and ROLLCALL_API_KEY"
                .to_owned()
        }
        (None, known) => format!("name a profile with --profile: {}", known.join(", ")),
    })
    .into())
}

/// The key in a file.
///
/// # Errors
/// When it cannot be read, or has nothing in it.
pub(crate) fn key_of(file: &Path) -> anyhow::Result<SecretString> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("the key file {} cannot be read", file.display()))?;
    let key = text.trim();
    if key.is_empty() {
        return Err(UsageError::new(format!("the key file {} is empty", file.display())).into());
    }
    Ok(key.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    fn found(arguments: &ConnectionArgs, set: &[(&str, &str)]) -> Result<(String, String), String> {
        let environment = |name: &str| {
            set.iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        };
        let server = server(arguments, &environment, &mut |_| {});
        let told = server.map(|server| (server.url, server.api_key.expose_secret().to_owned()));
        told.map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn a_key_goes_only_to_the_server_that_it_was_given_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let mut profiles = Profiles::default();
        for name in ["main", "test"] {
            let profile = Profile {
                url: format!("https://{name}.example"),
                api_key: format!("key-of-{name}").into(),
            };
            profiles.put(name, profile);
        }
        profiles.write(&path).unwrap();
        let place = ("ROLLCALL_CLI_CONFIG", path.to_str().unwrap());
        let pair = |url: &str, key: &str| Ok((url.to_owned(), key.to_owned()));
        let none = ConnectionArgs::default();
        let test = ConnectionArgs {
            profile: Some("test".to_owned()),
            ..none.clone()
        };
        let other = ConnectionArgs {
            api_url: Some("https://other.example".to_owned()),
            ..none.clone()
        };
        assert_eq!(found(&none, &[place]), pair("https://main.example", "key-of-main"));
        assert_eq!(found(&test, &[place]), pair("https://test.example", "key-of-test"));
        assert!(found(&other, &[place]).unwrap_err().contains("is missing"));
        let (url, key) = (("ROLLCALL_API_URL", "https://env.example"), ("ROLLCALL_API_KEY", "env"));
        assert_eq!(found(&none, &[place, url, key]), pair("https://env.example", "env"));
        assert_eq!(
            found(&test, &[place, url, key]),
            pair("https://test.example", "key-of-test")
        );
        assert_eq!(found(&other, &[place, url, key]), pair("https://other.example", "env"));
        assert!(found(&none, &[place, url]).unwrap_err().contains("https://env.example"));
        assert_eq!(found(&none, &[place, key]), pair(USUAL_URL, "env"));
    }

    #[test]
    fn without_a_server_it_is_told_how_to_name_one() {
        let error = found(
            &ConnectionArgs::default(),
            &[("ROLLCALL_CLI_CONFIG", "/nowhere/config.toml")],
        )
        .unwrap_err();
        assert!(error.contains("rollcall login"), "{error}");
    }
}
