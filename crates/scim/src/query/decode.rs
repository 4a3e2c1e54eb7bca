//! Query strings into pairs (R32).

use crate::error::Error;
use crate::path::quoted;

/// Decodes a raw query string, without its `?`: `+` and `%20` are a space, `%2B` is a plus. Empty pieces, such as one
/// after a trailing `&`, are skipped; a name without `=` has an empty value.
///
/// # Errors
/// `invalidValue`: a `%` without two hexadecimal digits, or bytes that are not UTF-8.
pub fn decode_query(raw: &str) -> Result<Vec<(String, String)>, Error> {
    raw.split('&')
        .filter(|piece| !piece.is_empty())
        .map(|piece| {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

fn decode(text: &str) -> Result<String, Error> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => match (rest.next().and_then(hex), rest.next().and_then(hex)) {
                (Some(high), Some(low)) => high << 4 | low,
                _ => return Err(refused(text, "% must be followed by two hexadecimal digits")),
            },
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| refused(text, "it is not UTF-8 text"))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

fn refused(text: &str, why: &str) -> Error {
    Error::invalid_value(format!("query string: {} cannot be decoded: {why}", quoted(text)))
}
