//! The mail server and addresses of people.

use super::{SettingKind, UNSET, elements, joined, without_password};
use mail::{ServerUrl, is_address, is_sender};
use secrecy::{ExposeSecret as _, SecretString};

/// The most operators who are written to.
const MOST_OPERATORS: usize = 20;

/// The URL of an SMTP server.
pub(crate) struct SmtpUrl;

impl SettingKind for SmtpUrl {
    type Value = SecretString;

    fn read(&self, text: &str) -> Result<SecretString, String> {
        match text.parse::<ServerUrl>() {
            Ok(_) => Ok(text.into()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn show(&self, value: &SecretString) -> String {
        without_password(value.expose_secret())
    }

    fn is_secret(&self) -> bool {
        true
    }
}

/// Whom mails are from.
pub(crate) struct MailSender;

impl SettingKind for MailSender {
    type Value = String;

    fn read(&self, text: &str) -> Result<String, String> {
        if is_sender(text) {
            return Ok(text.to_owned());
        }
        Err("must be an e-mail address, or a name and an address: Rollcall <rollcall@example.com>".to_owned())
    }

    fn show(&self, value: &String) -> String {
        value.clone()
    }
}

/// E-mail addresses, separated by commas.
pub(crate) struct MailAddresses;

impl SettingKind for MailAddresses {
    type Value = Vec<String>;

    fn read(&self, text: &str) -> Result<Vec<String>, String> {
        let addresses: Vec<String> = elements(text).map(str::to_owned).collect();
        if addresses.len() > MOST_OPERATORS || !addresses.iter().all(|address| is_address(address)) {
            return Err(format!(
                "must be e-mail addresses separated by commas, for example ops@example.com,oncall@example.com; at most {MOST_OPERATORS}"
            ));
        }
        Ok(addresses)
    }

    fn show(&self, value: &Vec<String>) -> String {
        joined(value.iter()).unwrap_or_else(|| UNSET.to_owned())
    }
}
