//! The certificate that a receiver may ask of us (mutual TLS).

use reqwest::Identity;
use ring::digest::{SHA256, digest};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::{ExposeSecret as _, SecretString};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Most bytes of certificates and key together.
const LARGEST: usize = 64 * 1024;

/// A client certificate with its chain and private key, checked. `Debug` shows the thumbprint only.
#[derive(Clone)]
pub struct ClientIdentity {
    pem: SecretString,
    thumbprint: String,
    not_after: i64,
}

/// Why a certificate cannot be used. Never repeats the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIdentity {
    /// There is none in the text.
    #[error("is not a certificate in PEM form (-----BEGIN CERTIFICATE-----)")]
    NoCertificate,
    /// It cannot be read as X.509.
    #[error("holds something that is not an X.509 certificate")]
    Malformed,
    /// Its time is over.
    #[error("has expired")]
    Expired,
    /// The text holds no private key, or an encrypted one.
    #[error("is not an unencrypted private key in PEM form (PKCS #8, PKCS #1 or SEC 1)")]
    NoKey,
    /// Not a key that TLS can sign with.
    #[error("is not a key that can be used here: RSA of 2048 to 8192 bits, ECDSA P-256 or P-384, or Ed25519")]
    UnfitKey,
    /// Key and certificate do not belong together.
    #[error("does not belong to the first certificate")]
    OtherKey,
    /// More than 64 KiB.
    #[error("is too large")]
    TooLarge,
}

impl InvalidIdentity {
    /// Whether the private key is at fault, rather than the certificate.
    #[must_use]
    pub const fn is_of_key(&self) -> bool {
        matches!(self, Self::NoKey | Self::UnfitKey | Self::OtherKey)
    }
}

impl ClientIdentity {
    /// Reads a certificate, its chain behind it, and the private key of the first. `now` is in seconds since the epoch.
    ///
    /// # Errors
    /// [`InvalidIdentity`].
    pub fn parse(certificate: &str, private_key: &str, now: i64) -> Result<Self, InvalidIdentity> {
        if certificate.len() + private_key.len() > LARGEST {
            return Err(InvalidIdentity::TooLarge);
        }
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(certificate.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|_| InvalidIdentity::NoCertificate)?;
        let key = PrivateKeyDer::from_pem_slice(private_key.as_bytes()).map_err(|_| InvalidIdentity::NoKey)?;
        let leaf = chain.first().ok_or(InvalidIdentity::NoCertificate)?;
        for certificate in &chain {
            X509Certificate::from_der(certificate).map_err(|_| InvalidIdentity::Malformed)?;
        }
        let (_, parsed) = X509Certificate::from_der(leaf).map_err(|_| InvalidIdentity::Malformed)?;
        let not_after = parsed.validity().not_after.timestamp();
        if not_after <= now {
            return Err(InvalidIdentity::Expired);
        }
        let signer = rustls::crypto::ring::sign::any_supported_type(&key).map_err(|_| InvalidIdentity::UnfitKey)?;
        let public = signer.public_key().ok_or(InvalidIdentity::UnfitKey)?;
        if public.as_ref() != parsed.public_key().raw {
            return Err(InvalidIdentity::OtherKey);
        }
        let hash = digest(&SHA256, leaf);
        Ok(Self {
            pem: SecretString::from(format!("{}\n{}\n", private_key.trim(), certificate.trim())),
            thumbprint: hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect(),
            not_after,
        })
    }

    /// Key and certificates in one text, to be sealed.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.pem.expose_secret()
    }

    /// From [`Self::expose`]; expired ones too, since it is the receiver who decides.
    ///
    /// # Errors
    /// [`InvalidIdentity`] for text that is not from there.
    pub fn of_pem(pem: &str) -> Result<Self, InvalidIdentity> {
        Self::parse(pem, pem, i64::MIN)
    }

    /// SHA-256 of the first certificate, in hexadecimal digits.
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// Until when the first certificate is good, in seconds since the epoch.
    #[must_use]
    pub const fn not_after(&self) -> i64 {
        self.not_after
    }

    /// For the HTTP client.
    pub(crate) fn identity(&self) -> Result<Identity, reqwest::Error> {
        Identity::from_pem(self.pem.expose_secret().as_bytes())
    }
}

impl std::fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ClientIdentity({})", self.thumbprint)
    }
}
