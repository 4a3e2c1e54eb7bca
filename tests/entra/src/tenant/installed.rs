//! Apps: what they prove themselves with, and what a tenant has consented to.

use crate::clock::Moment;
use crate::error::ControlError;
use crate::model::NewCredential;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use std::collections::HashSet;
use std::time::Duration;
use uuid::Uuid;
use x509_parser::pem::parse_x509_pem;

/// How long a secret is good that does not say.
const SECRET: Duration = Duration::from_secs(730 * 24 * 60 * 60);

/// A registered app, which tenants may have.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) name: String,
    pub(crate) permissions: Vec<String>,
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) secrets: Vec<Secret>,
    /// Ids of assertions that were taken.
    pub(crate) seen: HashSet<String>,
}

/// An app in a tenant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Installed {
    pub(crate) roles: Vec<String>,
    pub(crate) disabled: bool,
}

#[derive(Debug)]
pub(crate) struct Certificate {
    /// The public key as PKCS #1, which ring verifies with.
    pub(crate) key: Vec<u8>,
    /// base64url of SHA-1, and of SHA-256, of the DER.
    pub(crate) thumbprints: [String; 2],
    pub(crate) not_before: Moment,
    pub(crate) not_after: Moment,
}

#[derive(Debug)]
pub(crate) struct Secret {
    pub(crate) value: String,
    pub(crate) not_before: Moment,
    pub(crate) not_after: Moment,
}

impl App {
    pub(crate) fn new(name: &str, permissions: Vec<String>) -> Self {
        Self {
            name: name.to_owned(),
            permissions,
            certificates: Vec::new(),
            secrets: Vec::new(),
            seen: HashSet::new(),
        }
    }

    /// Has these credentials and no others.
    pub(crate) fn set_credentials(&mut self, now: Moment, new: &[NewCredential]) -> Result<(), ControlError> {
        let (mut certificates, mut secrets) = (Vec::new(), Vec::new());
        for credential in new {
            match credential {
                NewCredential::Certificate(text) => {
                    certificates.push(certificate(text).ok_or(ControlError::Credential)?);
                }
                NewCredential::Secret {
                    value,
                    not_before,
                    not_after,
                } => secrets.push(Secret {
                    value: value.clone(),
                    not_before: moment(not_before.as_deref())?.unwrap_or_default(),
                    not_after: moment(not_after.as_deref())?.unwrap_or(now.plus(SECRET)),
                }),
            }
        }
        (self.certificates, self.secrets) = (certificates, secrets);
        Ok(())
    }
}

fn moment(text: Option<&str>) -> Result<Option<Moment>, ControlError> {
    text.map(|text| Moment::parse(text).ok_or_else(|| ControlError::Time(text.to_owned())))
        .transpose()
}

fn certificate(text: &str) -> Option<Certificate> {
    let der = if text.contains("-----BEGIN") {
        parse_x509_pem(text.as_bytes()).ok()?.1.contents
    } else {
        STANDARD.decode(text.trim()).ok()?
    };
    let (_, parsed) = x509_parser::parse_x509_certificate(&der).ok()?;
    let milliseconds = |seconds: i64| Moment(u64::try_from(seconds).unwrap_or_default().saturating_mul(1_000));
    let print = |algorithm| URL_SAFE_NO_PAD.encode(digest(algorithm, &der));
    Some(Certificate {
        key: parsed.public_key().subject_public_key.data.to_vec(),
        thumbprints: [print(&SHA1_FOR_LEGACY_USE_ONLY), print(&SHA256)],
        not_before: milliseconds(parsed.validity().not_before.timestamp()),
        not_after: milliseconds(parsed.validity().not_after.timestamp()),
    })
}

/// The apps that a simulator knows.
pub(crate) type Apps = std::collections::HashMap<Uuid, App>;
