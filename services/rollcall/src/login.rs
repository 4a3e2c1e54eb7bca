//! `rollcall login` and `rollcall logout`: profiles of servers and keys.

use crate::connection::key_of;
use crate::usage::UsageError;
use client::{Call, Client, Method, Patience, Profile, Profiles};
use secrecy::SecretString;
use std::io::{BufRead as _, IsTerminal as _, Read as _};
use std::path::PathBuf;

/// The longest key that is read.
const LONGEST_KEY: u64 = 4_096;
const USUAL_PROFILE: &str = "default";

/// Save a server and an admin key as a profile
///
/// The key is asked for on a terminal; else it is the first line of stdin, or in the file that --api-key-file names. It is
/// checked, and kept in ~/.config/rollcall/config.toml, which only you may read.
#[derive(clap::Args, Debug)]
pub(crate) struct LoginArgs {
    /// The URL of the server
    #[arg(long, value_name = "URL")]
    url: String,
    /// What the profile is called
    #[arg(long, value_name = "NAME", default_value = USUAL_PROFILE)]
    profile: String,
    /// A file with the key
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<PathBuf>,
    /// Make it the profile that is used where none is named
    #[arg(long)]
    default: bool,
}

/// Forget a profile and its key
///
/// The key itself stays valid; `rollcall admin-keys delete` ends it.
#[derive(clap::Args, Debug)]
pub(crate) struct LogoutArgs {
    /// The profile
    #[arg(long, value_name = "NAME", default_value = USUAL_PROFILE)]
    profile: String,
}

/// Saves a profile.
///
/// # Errors
/// When the server does not take the key, and when the profile cannot be saved.
pub(crate) async fn login(arguments: &LoginArgs) -> anyhow::Result<()> {
    let path = place()?;
    let mut profiles = Profiles::read(&path)?;
    let key = key(arguments)?;
    let client = Client::new(&arguments.url, &key, Patience::NONE)?;
    check(&client).await?;
    let url = client.url().as_str().trim_end_matches('/').to_owned();
    if client.url().scheme() == "http" && !is_here(client.url()) {
        eprintln!("rollcall: {url} is not https: everybody on the way can read the key");
    }
    let (name, api_key) = (&arguments.profile, key);
    profiles.put(
        name,
        Profile {
            url: url.clone(),
            api_key,
        },
    );
    if arguments.default {
        profiles.default = Some(name.clone());
    }
    profiles.write(&path)?;
    println!(
        "{url} takes the key; it is saved as the profile {name} in {}",
        path.display()
    );
    Ok(())
}

/// Forgets a profile.
///
/// # Errors
/// When there is none, and when the file cannot be written.
pub(crate) fn logout(arguments: &LogoutArgs) -> anyhow::Result<()> {
    let path = place()?;
    let mut profiles = Profiles::read(&path)?;
    if !profiles.remove(&arguments.profile) {
        return Err(UsageError::new(format!("there is no profile {}", arguments.profile)).into());
    }
    profiles.write(&path)?;
    println!("the profile {} is forgotten", arguments.profile);
    Ok(())
}

fn place() -> anyhow::Result<PathBuf> {
    let place = Profiles::place(|name| std::env::var(name).ok());
    Ok(place.ok_or_else(|| UsageError::new("HOME is not set, so there is no place for profiles"))?)
}

fn key(arguments: &LoginArgs) -> anyhow::Result<SecretString> {
    if let Some(file) = &arguments.api_key_file {
        return key_of(file);
    }
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        let asked = dialoguer::Password::new().with_prompt("Admin key").interact()?;
        return Ok(asked.trim().into());
    }
    let mut line = String::new();
    std::io::BufReader::new(stdin.lock().take(LONGEST_KEY)).read_line(&mut line)?;
    if line.trim().is_empty() {
        return Err(UsageError::new("stdin has no key; put it there, or name a file with --api-key-file").into());
    }
    Ok(line.trim().into())
}

/// Asks for something that any key may see; a key that may not is one all the same.
async fn check(client: &Client) -> anyhow::Result<()> {
    let call = Call::new(Method::Get, ["organizations"]).with("limit", "1");
    match client.send(&call).await {
        Err(error) if error.status() == Some(403) => Ok(()),
        other => Ok(other.map(drop)?),
    }
}

fn is_here(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}
