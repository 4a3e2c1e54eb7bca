//! Mails: what is the matter, told once to those who are to know, and a digest each morning.
//!
//! A timer looks for what is the matter and what is over, and writes mails down with it ([`watch`]). Another task sends what is
//! written down ([`sender`]). Without an SMTP server none of it runs, and nothing is written down.

mod digests;
mod sender;
mod watch;
mod writing;

pub(crate) use digests::next_digest_at;

use crate::state::State;
use ::mail::{Mailer, ServerUrl};
use anyhow::Context as _;
use runtime::{Settings, Shutdown};
use secrecy::{ExposeSecret as _, SecretString};
use std::sync::Arc;
use tokio::sync::Notify;

/// How mails are sent.
#[derive(Clone, Debug)]
pub struct MailConfig {
    /// Where the SMTP server is. Setting: `smtp_url`.
    pub smtp_url: SecretString,
    /// Whom mails are from. Setting: `mail_from`.
    pub from: String,
    /// Who is told of everything. Setting: `mail_operators`.
    pub operators: Vec<String>,
}

impl MailConfig {
    /// How these settings say that mails are sent; `None` for not at all.
    pub(crate) fn of(settings: &Settings) -> Option<Self> {
        Some(Self {
            smtp_url: settings.smtp_url.clone()?,
            from: settings.mail_from.clone()?,
            operators: settings.mail_operators.clone(),
        })
    }
}

/// The way to the SMTP server, and who is told of everything. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    mailer: Mailer,
    operators: Arc<[String]>,
    written: Arc<Notify>,
}

impl Post {
    /// # Errors
    /// When the settings do not lead to a server.
    pub(crate) fn new(config: &MailConfig) -> anyhow::Result<Self> {
        let server: ServerUrl = config
            .smtp_url
            .expose_secret()
            .parse()
            .context("smtp_url (ROLLCALL_SMTP_URL)")?;
        Ok(Self {
            mailer: Mailer::new(&server, &config.from)?,
            operators: config.operators.as_slice().into(),
            written: Arc::default(),
        })
    }
}

/// Writes mails and sends them until a soft stop.
pub(crate) async fn run(state: &State, shutdown: &Shutdown) {
    if let Some(post) = state.post() {
        tokio::join!(watch::run(state, post, shutdown), sender::run(state, post, shutdown));
    }
}
