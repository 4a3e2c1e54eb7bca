//! Certificates with which we prove to Entra ID who we are. Entra ID takes any that was uploaded to an application, so they
//! sign themselves.

use crate::clock::{seconds, time};
use crate::{Algorithm, SigningKey};
use ::time::OffsetDateTime;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use events::Timestamp;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, PKCS_RSA_SHA256,
    PublicKeyData, SerialNumber, SignatureAlgorithm,
};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use std::time::Duration;

/// How long a certificate is good: two years, which the portal allows, too.
pub const CERTIFICATE_LIFETIME: Duration = Duration::from_secs(730 * 24 * 60 * 60);
/// The longest name (`ub-common-name` of RFC 5280 §A.1), in characters.
const LONGEST_NAME: usize = 64;
/// It is good this long before it was made: clocks may be apart.
const BEFORE: Duration = Duration::from_secs(5 * 60);
/// The random serial number, in bytes (RFC 5280 §4.1.2.2 allows 20).
const SERIAL: usize = 16;
/// Characters of base64 on a line of PEM (RFC 7468 §2).
const PEM_LINE: usize = 64;

/// Why there is no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Nothing, longer than 64 characters, or with control characters.
    #[error("the name of a certificate has 1 to {LONGEST_NAME} characters and no control characters")]
    Name,
    /// Entra ID takes RSA only.
    #[error("a certificate for Entra ID needs an RSA key")]
    NotRsa,
    /// It would end after the year 9999, or before it begins.
    #[error("the certificate would end at a time that certificates cannot name")]
    Lifetime,
    /// It was not made.
    #[error("the certificate could not be signed")]
    Signing,
    /// What was stored is no certificate.
    #[error("this is no X.509 certificate in DER")]
    Unreadable,
}

/// A certificate, without its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    not_before: Timestamp,
    not_after: Timestamp,
    public_key: Vec<u8>,
}

impl Certificate {
    /// Makes a certificate that the key itself signs, good from five minutes ago.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn self_signed(
        key: &SigningKey,
        common_name: &str,
        now: Timestamp,
        lifetime: Duration,
    ) -> Result<Self, CertificateError> {
        if !(1..=LONGEST_NAME).contains(&common_name.chars().count()) || common_name.chars().any(char::is_control) {
            return Err(CertificateError::Name);
        }
        let subject = Subject {
            key,
            public: key.rsa_public_der().ok_or(CertificateError::NotRsa)?,
        };
        let end = now.plus(lifetime);
        if lifetime.is_zero() || end.since(now) < lifetime {
            return Err(CertificateError::Lifetime);
        }
        let at = |time| OffsetDateTime::from_unix_timestamp(seconds(time)).map_err(|_| CertificateError::Lifetime);
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, common_name);
        let mut params = CertificateParams::default();
        params.not_before = at(now.minus(BEFORE))?;
        params.not_after = at(end)?;
        params.serial_number = Some(serial());
        params.distinguished_name = name;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let made = params.self_signed(&subject).map_err(|_| CertificateError::Signing)?;
        Self::from_der(made.der())
    }

    /// Reads a certificate that was stored.
    ///
    /// # Errors
    /// [`CertificateError::Unreadable`].
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let (rest, certificate) = x509_parser::parse_x509_certificate(der).map_err(|_| CertificateError::Unreadable)?;
        if !rest.is_empty() {
            return Err(CertificateError::Unreadable);
        }
        let validity = certificate.validity();
        Ok(Self {
            der: der.to_vec(),
            not_before: time(validity.not_before.timestamp()),
            not_after: time(validity.not_after.timestamp()),
            public_key: certificate.public_key().subject_public_key.data.to_vec(),
        })
    }

    /// The certificate in DER: the file `.cer`.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate in PEM (RFC 7468 §5).
    #[must_use]
    pub fn pem(&self) -> String {
        let encoded = STANDARD.encode(&self.der);
        let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
        let mut rest = encoded.as_str();
        while let Some((line, more)) = rest.split_at_checked(PEM_LINE) {
            pem.push_str(line);
            pem.push('\n');
            rest = more;
        }
        if !rest.is_empty() {
            pem.push_str(rest);
            pem.push('\n');
        }
        pem.push_str("-----END CERTIFICATE-----\n");
        pem
    }

    /// When it begins to be good.
    #[must_use]
    pub const fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// When it ends to be good.
    #[must_use]
    pub const fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Whether it is the certificate of this key.
    #[must_use]
    pub fn is_of(&self, key: &SigningKey) -> bool {
        key.rsa_public_der() == Some(&self.public_key)
    }

    /// The thumbprint as the portal of Entra ID shows it: SHA-1, 40 hexadecimal digits in capitals.
    #[must_use]
    pub fn sha1_thumbprint(&self) -> String {
        hexadecimal(&self.sha1())
    }

    /// The thumbprint with SHA-256, 64 hexadecimal digits in capitals.
    #[must_use]
    pub fn sha256_thumbprint(&self) -> String {
        hexadecimal(&self.sha256())
    }

    /// `x5t` of a header (RFC 7515 §4.1.7).
    #[must_use]
    pub fn x5t(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.sha1())
    }

    /// `x5t#S256` of a header (RFC 7515 §4.1.8).
    #[must_use]
    pub fn x5t_s256(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.sha256())
    }

    fn sha1(&self) -> Vec<u8> {
        digest(&SHA1_FOR_LEGACY_USE_ONLY, &self.der).as_ref().to_vec()
    }

    fn sha256(&self) -> Vec<u8> {
        digest(&SHA256, &self.der).as_ref().to_vec()
    }
}

/// Random, so that nobody can foretell what is signed, and positive.
fn serial() -> SerialNumber {
    let mut bytes: [u8; SERIAL] = secrets::random_bytes();
    bytes[0] = bytes[0] & 0x7f | 0x40;
    SerialNumber::from_slice(&bytes)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// The key for rcgen: it signs where it is, and no copy of it is made.
struct Subject<'k> {
    key: &'k SigningKey,
    public: &'k [u8],
}

impl PublicKeyData for Subject<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

impl rcgen::SigningKey for Subject<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signed = self.key.sign(Algorithm::Rs256, message);
        signed.map_err(|_| rcgen::Error::RingUnspecified)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_keys;

    const NOW: i64 = 1_800_000_000_000;

    fn made(name: &str, lifetime: Duration) -> Result<Certificate, CertificateError> {
        Certificate::self_signed(&test_keys::one(), name, Timestamp::from_millis(NOW), lifetime)
    }

    #[test]
    fn a_certificate_says_what_entra_id_wants_and_its_own_key_signed_it() {
        let certificate = made("Rollcall: Fabrikam & söhne", CERTIFICATE_LIFETIME).unwrap();
        assert_eq!(certificate.not_before().millis(), NOW - 300_000);
        assert_eq!(certificate.not_after().millis(), NOW + 730 * 86_400_000);
        assert!(certificate.is_of(&test_keys::one()) && !certificate.is_of(&test_keys::two()));
        let (_, parsed) = x509_parser::parse_x509_certificate(certificate.der()).unwrap();
        assert_eq!(parsed.subject(), parsed.issuer());
        assert_eq!(parsed.subject().to_string(), "CN=Rollcall: Fabrikam & söhne");
        assert!(!parsed.is_ca() && parsed.basic_constraints().unwrap().is_some());
        let usage = parsed.key_usage().unwrap().unwrap();
        assert!(usage.critical && usage.value.digital_signature() && !usage.value.key_cert_sign());
        assert!(parsed.extended_key_usage().unwrap().unwrap().value.client_auth);
        let key = test_keys::one();
        let signature = parsed.signature_value.data.as_ref();
        let signed = parsed.tbs_certificate.as_ref();
        assert!(key.verifying_key().verifies(Algorithm::Rs256, signed, signature));
        let again = made("x", CERTIFICATE_LIFETIME).unwrap();
        let (_, again) = x509_parser::parse_x509_certificate(again.der()).unwrap();
        assert_ne!(again.raw_serial(), parsed.raw_serial());
    }

    /// What OpenSSL and the portal say of the same file.
    #[test]
    fn thumbprints_are_those_that_others_compute() {
        let certificate = Certificate::from_der(include_bytes!("../tests/keys/example.cer")).unwrap();
        assert_eq!(
            certificate.sha1_thumbprint(),
            "1777DEDB19153073B12C6A42CFE2DB61BC934A13"
        );
        assert_eq!(certificate.x5t(), "F3fe2xkVMHOxLGpCz-LbYbyTShM");
        assert_eq!(certificate.x5t_s256(), "OObr7iVi4INiQu2Ts7XAwnsDcqlauPaNMhXveciewI4");
        assert!(certificate.sha256_thumbprint().starts_with("38E6EBEE2562E0836242ED93"));
        assert_eq!(certificate.sha256_thumbprint().len(), 64);
        assert_eq!(certificate.not_after().to_string(), "2028-11-20T00:20:58.000Z");
    }

    #[test]
    fn pem_is_the_same_certificate_in_lines_of_64() {
        let certificate = made("x", CERTIFICATE_LIFETIME).unwrap();
        let pem = certificate.pem();
        let body = pem.strip_prefix("-----BEGIN CERTIFICATE-----\n").unwrap();
        let body = body.strip_suffix("\n-----END CERTIFICATE-----\n").unwrap();
        assert!(body.lines().all(|line| (1..=PEM_LINE).contains(&line.len())));
        assert_eq!(STANDARD.decode(body.replace('\n', "")).unwrap(), certificate.der());
    }

    #[test]
    fn what_cannot_be_a_certificate_is_refused() {
        assert_eq!(made("", CERTIFICATE_LIFETIME), Err(CertificateError::Name));
        assert_eq!(made("a\nb", CERTIFICATE_LIFETIME), Err(CertificateError::Name));
        assert_eq!(made(&"a".repeat(65), CERTIFICATE_LIFETIME), Err(CertificateError::Name));
        assert_eq!(made("x", Duration::ZERO), Err(CertificateError::Lifetime));
        assert_eq!(made("x", Duration::MAX), Err(CertificateError::Lifetime));
        let curve = Certificate::self_signed(&test_keys::p256(), "x", Timestamp::now(), CERTIFICATE_LIFETIME);
        assert_eq!(curve, Err(CertificateError::NotRsa));
        let mut longer = made("x", CERTIFICATE_LIFETIME).unwrap().der().to_vec();
        longer.push(0);
        for der in [&b""[..], b"certificate", &longer] {
            assert_eq!(Certificate::from_der(der), Err(CertificateError::Unreadable));
        }
    }
}
