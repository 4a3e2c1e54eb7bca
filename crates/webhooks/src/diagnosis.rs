//! Why a webhook that somebody received does not verify: for people who build a receiver, where "not authentic" is all that a
//! verifier should say to a stranger.

mod variants;

use crate::asymmetric::PublicKey;
use crate::sign::{ID_HEADER, SIGNATURE_HEADER, Secret, TIMESTAMP_HEADER, TOLERANCE_SECONDS};
use secrecy::{ExposeSecret as _, SecretString};
use variants::Variant;

/// The headers by their names in some other products.
const OTHER_NAMES: [(&str, &str); 3] = [
    (ID_HEADER, "svix-id"),
    (TIMESTAMP_HEADER, "svix-timestamp"),
    (SIGNATURE_HEADER, "svix-signature"),
];
/// Seconds since 1970 have fewer digits for a long time to come.
const DIGITS_OF_MILLISECONDS: usize = 13;

/// What a receiver verifies with.
#[derive(Clone, Debug)]
pub struct Verifier(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Secret { secret: Secret, text: SecretString },
    PublicKey(PublicKey),
}

impl Verifier {
    /// Reads `whsec_…`, `whsk_…` or `whpk_…`.
    ///
    /// # Errors
    /// What would be right; the text is not repeated.
    pub fn parse(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        if let Some(key) = PublicKey::parse(trimmed) {
            return Ok(Self(Kind::PublicKey(key)));
        }
        let secret = Secret::parse(trimmed).map_err(|error| {
            let hint = if trimmed.starts_with("whsec_") {
                "; is it whole?"
            } else if Secret::parse(&format!("whsec_{trimmed}")).is_ok() {
                "; this one lacks the whsec_ at its beginning"
            } else {
                ""
            };
            format!("{error}, or `whpk_` and then an ed25519 public key{hint}")
        })?;
        let text = SecretString::from(trimmed);
        Ok(Self(Kind::Secret { secret, text }))
    }

    /// The version of its signatures in the header.
    const fn version(&self) -> &'static str {
        match &self.0 {
            Kind::Secret { secret, .. } => secret.signing().as_str(),
            Kind::PublicKey(_) => "v1a",
        }
    }

    fn verifies(&self, received: &Received<'_>, body: &[u8]) -> bool {
        let public_key = match &self.0 {
            Kind::PublicKey(key) => Some(*key),
            Kind::Secret { secret, .. } => secret.public_key(),
        };
        match (&self.0, public_key) {
            (_, Some(key)) => key.verifies(received.signatures, received.id, received.timestamp_text, body),
            (Kind::Secret { text, .. }, None) => variants::is_signed(text.expose_secret(), received, body),
            (Kind::PublicKey(_), None) => false,
        }
    }
}

/// What was found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// Whether a receiver should take it.
    pub is_valid: bool,
    /// Why, or why not.
    pub reason: String,
    /// What may help.
    pub hints: Vec<String>,
}

impl Diagnosis {
    /// It is not valid.
    #[must_use]
    pub fn refused(reason: impl Into<String>) -> Self {
        Self {
            is_valid: false,
            reason: reason.into(),
            hints: Vec::new(),
        }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// The three headers, read.
#[derive(Clone, Copy, Debug)]
struct Received<'a> {
    id: &'a str,
    timestamp: i64,
    timestamp_text: &'a str,
    signatures: &'a str,
}

/// Looks at a webhook. Names of headers are in lower case; `at` is when it came, in seconds since 1970.
#[must_use]
pub fn diagnose(verifier: &Verifier, headers: &[(String, String)], body: &[u8], at: i64) -> Diagnosis {
    let received = match read(headers) {
        Ok(received) => received,
        Err(refused) => return refused,
    };
    if let Some(refused) = of_other_version(verifier, &received) {
        return refused;
    }
    if verifier.verifies(&received, body) {
        return in_time(received.timestamp, at);
    }
    if let Some(variant) = variants::body(body)
        .into_iter()
        .find(|one| verifier.verifies(&received, &one.body))
    {
        let Variant { what, hint, .. } = variant;
        return Diagnosis::refused(format!("the body is not the one that was signed: {what}")).hint(hint);
    }
    if let Kind::Secret { text, .. } = &verifier.0
        && let Some(how) = variants::secret(text.expose_secret(), &received, body)
    {
        return Diagnosis::refused(format!(
            "it was signed with another key that is made of this secret: {how}"
        ));
    }
    let refused = Diagnosis::refused("no signature is that of this secret, id, timestamp and body")
        .hint("Is it the secret of this endpoint? Each has one of its own; `rollcall endpoints secret` shows it.")
        .hint("Is the body byte for byte as it came? Parsing JSON and writing it again changes it.")
        .hint("Are webhook-id and webhook-timestamp those of this request, and not of another one?");
    if body.is_empty() {
        return refused.hint("The body is empty: many frameworks let it be read once only.");
    }
    refused
}

fn read(headers: &[(String, String)]) -> Result<Received<'_>, Diagnosis> {
    let value = |name: &str| {
        headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    };
    let of = |name: &str| {
        let other = OTHER_NAMES
            .iter()
            .find(|(own, _)| *own == name)
            .map(|(_, other)| *other);
        value(name).or_else(|| value(other?)).filter(|value| !value.is_empty())
    };
    let (Some(id), Some(timestamp_text), Some(signatures)) =
        (of(ID_HEADER), of(TIMESTAMP_HEADER), of(SIGNATURE_HEADER))
    else {
        let names = [ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER];
        let missing: Vec<&str> = names.into_iter().filter(|name| of(name).is_none()).collect();
        let refused = Diagnosis::refused(format!("headers are missing: {}", missing.join(", ")));
        return Err(refused.hint("Proxies and frameworks may drop or rename headers; look at the request as it came."));
    };
    let timestamp = timestamp_text.parse().map_err(|_| {
        Diagnosis::refused(format!(
            "{TIMESTAMP_HEADER} is \"{timestamp_text}\", and not seconds since 1970"
        ))
    })?;
    if timestamp_text.len() >= DIGITS_OF_MILLISECONDS {
        return Err(Diagnosis::refused(format!(
            "{TIMESTAMP_HEADER} is in milliseconds; it must be in seconds"
        )));
    }
    Ok(Received {
        id,
        timestamp,
        timestamp_text,
        signatures,
    })
}

/// A header that has no signature of the verifier's kind.
fn of_other_version(verifier: &Verifier, received: &Received<'_>) -> Option<Diagnosis> {
    let versions: Vec<&str> = received
        .signatures
        .split(' ')
        .filter_map(|one| Some(one.split_once(',')?.0))
        .collect();
    if versions.contains(&verifier.version()) {
        return None;
    }
    if versions.is_empty() {
        let form =
            format!("{SIGNATURE_HEADER} has no signature in it: it must be like v1,<base64>, several with spaces");
        return Some(Diagnosis::refused(form));
    }
    Some(Diagnosis::refused(format!(
        "it is signed with {}, and what you verify with is for {}",
        versions.join(" and "),
        verifier.version()
    )))
}

/// The signature is right; what is left is the time.
fn in_time(timestamp: i64, at: i64) -> Diagnosis {
    let age = at.saturating_sub(timestamp);
    let minutes = (age.unsigned_abs() + 30) / 60;
    if age.abs() <= TOLERANCE_SECONDS {
        return Diagnosis {
            is_valid: true,
            reason: "the signature is right, and the timestamp is within five minutes".to_owned(),
            hints: Vec::new(),
        };
    }
    let how = if age > 0 { "old" } else { "in the future" };
    Diagnosis::refused(format!(
        "the signature is right, but the timestamp is {minutes} minutes {how}"
    ))
    .hint("Is the clock of this machine right?")
    .hint("Of a webhook that came earlier, say when with --at.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::sign;

    const BODY: &str = "{\"type\":\"user.created\",\"data\":{\"a\":1}}";
    const AT: i64 = 1_700_000_000;

    fn headers(signature: &str) -> Vec<(String, String)> {
        let pairs = [
            (ID_HEADER, "evt_1"),
            (TIMESTAMP_HEADER, "1700000000"),
            (SIGNATURE_HEADER, signature),
        ];
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }

    fn parts() -> (Secret, Verifier, Vec<(String, String)>) {
        let secret = Secret::mint().unwrap();
        let verifier = Verifier::parse(secret.expose()).unwrap();
        let headers = headers(&sign(std::slice::from_ref(&secret), "evt_1", AT, BODY));
        (secret, verifier, headers)
    }

    #[test]
    fn a_webhook_is_valid_within_five_minutes_and_then_too_old() {
        let (_, verifier, headers) = parts();
        assert!(diagnose(&verifier, &headers, BODY.as_bytes(), AT + 299).is_valid);
        for (at, said) in [(AT + 3_600, "60 minutes old"), (AT - 600, "10 minutes in the future")] {
            let found = diagnose(&verifier, &headers, BODY.as_bytes(), at);
            assert!(!found.is_valid && found.reason.contains(said), "{}", found.reason);
        }
    }

    #[test]
    fn the_example_of_the_specification_is_valid_at_its_time() {
        let verifier = Verifier::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let headers = [
            ("svix-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            ("svix-timestamp", "1614265330"),
            (
                "svix-signature",
                "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert!(diagnose(&verifier, &headers, b"{\"test\": 2432232314}", 1_614_265_330).is_valid);
    }

    #[test]
    fn what_became_of_the_body_is_told() {
        let (secret, verifier, headers) = parts();
        for (body, said) in [
            (format!("{BODY}\n"), "line end"),
            (format!("\u{feff}{BODY}"), "byte order mark"),
            (
                "{\n  \"type\": \"user.created\",\n  \"data\": {\n    \"a\": 1\n  }\n}".to_owned(),
                "written again",
            ),
            ("{\"data\":{\"a\":1},\"type\":\"user.created\"}".to_owned(), "order"),
        ] {
            let found = diagnose(&verifier, &headers, body.as_bytes(), AT);
            // The order of members cannot be known, so that one is told as any change.
            let said = if said == "order" {
                "no signature is that of"
            } else {
                said
            };
            assert!(
                !found.is_valid && found.reason.contains(said),
                "{body}: {}",
                found.reason
            );
        }
        let lines = "{\"a\":1}\n";
        let signed = self::headers(&sign(std::slice::from_ref(&secret), "evt_1", AT, lines));
        let found = diagnose(&verifier, &signed, b"{\"a\":1}", AT);
        assert!(found.reason.contains("line end"), "{}", found.reason);
    }

    #[test]
    fn headers_that_are_missing_or_wrong_are_named() {
        let (_, verifier, headers) = parts();
        let found = diagnose(&verifier, &headers[..1], BODY.as_bytes(), AT);
        assert!(
            found.reason.contains("webhook-timestamp, webhook-signature"),
            "{}",
            found.reason
        );
        for (index, value, said) in [
            (1, "2023-11-14", "seconds since 1970"),
            (1, "1700000000000", "milliseconds"),
            (2, "g0hM9SsE", "v1,<base64>"),
            (2, "v1a,g0hM9SsE", "signed with v1a"),
            (0, "evt_2", "no signature is that of"),
        ] {
            let mut changed = headers.clone();
            value.clone_into(&mut changed[index].1);
            let found = diagnose(&verifier, &changed, BODY.as_bytes(), AT);
            assert!(
                !found.is_valid && found.reason.contains(said),
                "{value}: {}",
                found.reason
            );
        }
    }

    #[test]
    fn a_wrong_secret_is_told_from_one_that_is_used_in_a_wrong_way() {
        let (secret, verifier, _) = parts();
        let other = headers(&sign(&[Secret::mint().unwrap()], "evt_1", AT, BODY));
        let found = diagnose(&verifier, &other, BODY.as_bytes(), AT);
        assert!(
            found.hints.iter().any(|hint| hint.contains("secret of this endpoint")),
            "{found:?}"
        );
        let literal = standardwebhooks::Webhook::from_bytes(secret.expose().as_bytes().to_vec()).unwrap();
        let signature = literal.sign("evt_1", AT, BODY.as_bytes()).unwrap();
        let found = diagnose(&verifier, &headers(&signature), BODY.as_bytes(), AT);
        assert!(found.reason.contains("as plain text"), "{}", found.reason);
        let bare = secret.expose().trim_start_matches("whsec_");
        assert!(Verifier::parse(bare).unwrap_err().contains("lacks the whsec_"));
        assert!(Verifier::parse("hunter2").is_err());
    }

    #[test]
    fn a_public_key_verifies_what_its_pair_signed() {
        let secret = Secret::of_kind(crate::Signing::V1a).unwrap();
        let headers = headers(&sign(std::slice::from_ref(&secret), "evt_1", AT, BODY));
        let verifier = Verifier::parse(&secret.public_key().unwrap().to_string()).unwrap();
        assert!(diagnose(&verifier, &headers, BODY.as_bytes(), AT).is_valid);
        assert!(!diagnose(&verifier, &headers, b"{}", AT).is_valid);
    }
}
