//! What bodies and secrets usually become by mistake.

use super::Received;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::Value;

/// A body that may be the one that was signed.
pub(super) struct Variant {
    pub(super) body: Vec<u8>,
    pub(super) what: &'static str,
    pub(super) hint: &'static str,
}

const EXACT: &str = "Keep the bytes of the request, and verify them before anything reads or changes them.";
const EDITOR: &str = "Editors and `echo` put a line end after the last line; `printf %s` and `curl -o` do not.";

/// What the body may have been.
pub(super) fn body(given: &[u8]) -> Vec<Variant> {
    let mut variants = Vec::new();
    let mut add = |body: Vec<u8>, what, hint| {
        if body != given {
            variants.push(Variant { body, what, hint });
        }
    };
    let Ok(text) = std::str::from_utf8(given) else {
        return variants;
    };
    let ended = "a line end was added or lost after it";
    add(text.trim_end_matches(['\n', '\r']).into(), ended, EDITOR);
    add(format!("{text}\n").into(), ended, EDITOR);
    add(format!("{text}\r\n").into(), ended, EDITOR);
    add(text.trim().into(), "white space was added around it", EXACT);
    add(
        text.trim_start_matches('\u{feff}').into(),
        "a byte order mark was put before it",
        EXACT,
    );
    add(text.replace("\r\n", "\n").into(), "its line ends were changed", EXACT);
    add(text.replace('\n', "\r\n").into(), "its line ends were changed", EXACT);
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        let again = "it was parsed as JSON and written again";
        add(value.to_string().into(), again, EXACT);
        add(spaced(&value).into(), again, EXACT);
        if let Ok(pretty) = serde_json::to_string_pretty(&value) {
            add(pretty.into(), again, EXACT);
        }
        if let Value::String(inner) = value {
            add(inner.into(), "it was put into a JSON string", EXACT);
        }
    }
    variants
}

/// With a space after each comma and colon, as Python writes it.
fn spaced(value: &Value) -> String {
    match value {
        Value::Array(all) => format!("[{}]", all.iter().map(spaced).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| format!("{}: {}", Value::from(name.as_str()), spaced(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        plain => plain.to_string(),
    }
}

/// How else the key may have been made of the secret.
pub(super) fn secret(text: &str, received: &Received<'_>, body: &[u8]) -> Option<&'static str> {
    let encoded = text.strip_prefix("whsec_").unwrap_or(text);
    let keys = [
        (
            text.as_bytes(),
            "all of it was taken as plain text, and must be decoded from base64 after whsec_",
        ),
        (
            encoded.as_bytes(),
            "what follows whsec_ was taken as plain text, and must be decoded from base64",
        ),
    ];
    keys.into_iter()
        .find(|(key, _)| has_signature(key, received, body))
        .map(|(_, how)| how)
}

/// Whether one of the signatures is that of a secret in text form.
pub(super) fn is_signed(text: &str, received: &Received<'_>, body: &[u8]) -> bool {
    let key = STANDARD.decode(text.strip_prefix("whsec_").unwrap_or(text));
    key.is_ok_and(|key| has_signature(&key, received, body))
}

fn has_signature(key: &[u8], received: &Received<'_>, body: &[u8]) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let mut signed = format!("{}.{}.", received.id, received.timestamp_text).into_bytes();
    signed.extend_from_slice(body);
    let signatures = received
        .signatures
        .split(' ')
        .filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok());
    // Compares in constant time.
    signatures
        .into_iter()
        .any(|signature| hmac::verify(&key, &signed, &signature).is_ok())
}
