//! E-mail: what Rollcall tells by it ([`Content`]), how that reads ([`Letter`]), and the way to an SMTP server ([`Mailer`]).
//!
//! A mail names directories, organizations, endpoints and credentials by what operators called them. Nobody's people and no
//! secret are in one, since there is no place for them in [`Content`].

mod address;
mod content;
mod letter;
mod mailer;
mod server;

pub use address::{InvalidAddress, is_address, is_sender};
pub use content::{Content, CredentialKind, Day, Digest, Incident, IncidentKind, OpenIncident, Reader};
pub use letter::Letter;
pub use mailer::{Failure, Mail, Mailer, Problem};
pub use server::{InvalidServerUrl, ServerUrl};
