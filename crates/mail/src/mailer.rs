//! The way to an SMTP server.

use crate::address::{InvalidAddress, mailbox};
use crate::server::{Protection, ServerUrl};
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::response::Severity;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use secrecy::ExposeSecret as _;
use std::time::Duration;

/// How long the server may take for one answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long one mail may take in all.
const LONGEST: Duration = Duration::from_secs(30);

/// The way to an SMTP server. Cheap to clone; each mail has a connection of its own.
#[derive(Clone, Debug)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// A mail to one address.
#[derive(Clone, Debug)]
pub struct Mail<'a> {
    /// Its id: the same each time it is sent, so that whoever gets it twice can tell.
    pub id: &'a str,
    /// The address.
    pub to: &'a str,
    /// What it is about, in a line.
    pub subject: String,
    /// What it says, as plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// Why there is no way to the server.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// It is not said whom mails are from.
    #[error("mail_from (ROLLCALL_MAIL_FROM) {0}")]
    Sender(#[from] InvalidAddress),
    /// TLS could not be set up, for example because the host is no name of one.
    #[error("smtp_url (ROLLCALL_SMTP_URL) has a host that TLS cannot be used with")]
    Tls,
}

/// Why a mail was not taken, without a word of the server's: servers quote addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The server says that it will never take it.
    #[error("the server refused it ({0})")]
    Refused(u16),
    /// The server does not take it now, or does not answer.
    #[error("{0}")]
    Later(String),
    /// It cannot be put together.
    #[error("it cannot be put together: {0}")]
    Unfit(&'static str),
}

impl Mailer {
    /// The way to this server, for mails from this sender: an address, or a name and an address in angle brackets.
    ///
    /// # Errors
    /// See [`Problem`]. Nothing is connected yet.
    pub fn new(server: &ServerUrl, from: &str) -> Result<Self, Problem> {
        let tls = || TlsParameters::new(server.host.clone()).map_err(|_| Problem::Tls);
        let tls = match server.protection {
            Protection::Tls => Tls::Wrapper(tls()?),
            Protection::StartTls => Tls::Required(tls()?),
            Protection::Offered => Tls::Opportunistic(tls()?),
            Protection::Plain => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
            .port(server.port)
            .tls(tls)
            .timeout(Some(PATIENCE));
        if let Some((user, password)) = &server.credentials {
            let password = password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        Ok(Self {
            transport: builder.build(),
            from: mailbox(from)?,
        })
    }

    /// Sends a mail.
    ///
    /// # Errors
    /// See [`Failure`]. After [`Failure::Later`] it may have been taken all the same.
    pub async fn send(&self, mail: Mail<'_>) -> Result<(), Failure> {
        let message = self.message(mail)?;
        match tokio::time::timeout(LONGEST, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(failure(&error)),
            Err(_) => Err(Failure::Later("the server took too long".to_owned())),
        }
    }

    /// Connects, greets and logs in, as for a mail, and sends none.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn probe(&self) -> Result<(), Failure> {
        match tokio::time::timeout(LONGEST, self.transport.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(Failure::Later("the server does not answer as it should".to_owned())),
            Ok(Err(error)) => Err(failure(&error)),
            Err(_) => Err(Failure::Later("the server took too long".to_owned())),
        }
    }

    fn message(&self, mail: Mail<'_>) -> Result<Message, Failure> {
        let to = mailbox(mail.to).map_err(|_| Failure::Unfit("the recipient is no address"))?;
        // Nobody's answering machine answers it (RFC 3834).
        let automatic = HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        );
        Message::builder()
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())))
            .from(self.from.clone())
            .to(to)
            .subject(mail.subject)
            .raw_header(automatic)
            .multipart(MultiPart::alternative_plain_html(mail.text, mail.html))
            .map_err(|_| Failure::Unfit("a header is not as it should be"))
    }
}

/// What went wrong, in words of ours.
fn failure(error: &lettre::transport::smtp::Error) -> Failure {
    if let Some(code) = error.status() {
        let number = u16::from(code);
        // 550 to 554 are about the mail or its recipient. Others, such as 535 for a wrong password, are about us.
        return match (code.severity, number) {
            (Severity::PermanentNegativeCompletion, 550..=554) => Failure::Refused(number),
            _ => Failure::Later(format!("the server answered {number}")),
        };
    }
    Failure::Later(
        if error.is_timeout() {
            "the server took too long"
        } else if error.is_tls() {
            "TLS with the server could not be agreed on"
        } else if error.is_client() {
            "the server does not offer what is needed, such as STARTTLS or a way to log in"
        } else {
            "the server could not be reached"
        }
        .to_owned(),
    )
}
