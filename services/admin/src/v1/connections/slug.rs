//! The part of redirect URIs that is a connection's own.

use secrets::random_bytes;
use store::Organization;

/// The most characters of a name that are taken.
const MOST_OF_A_NAME: usize = 40;
/// What it begins with where nothing of a name can be used.
const NAMELESS: &str = "connection";
/// Digits of the random end: those that nobody takes for another.
const DIGITS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// Characters of the random end: 40 bits, so that two connections do not meet.
const RANDOM: usize = 8;

/// A new one for a connection of an organization: lower-case letters, digits and hyphens.
pub(super) fn slug(organization: &Organization) -> String {
    let names = [organization.name.as_str()].into_iter();
    let mut names = names
        .chain(organization.domains.iter().map(String::as_str))
        .map(readable);
    let name = names
        .find(|name| !name.is_empty())
        .unwrap_or_else(|| NAMELESS.to_owned());
    let end = random_bytes::<RANDOM>();
    let end = end.iter().map(|byte| char::from(DIGITS[usize::from(byte % 32)]));
    format!("{name}-{}", end.collect::<String>())
}

/// What can be used of a name.
fn readable(name: &str) -> String {
    let mut readable = String::new();
    for letter in name.chars().map(|letter| letter.to_ascii_lowercase()) {
        if letter.is_ascii_alphanumeric() {
            readable.push(letter);
        } else if !readable.is_empty() && !readable.ends_with('-') {
            readable.push('-');
        }
        if readable.len() == MOST_OF_A_NAME {
            break;
        }
    }
    readable.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_name_letters_and_digits_are_taken_in_lower_case() {
        for (name, expected) in [
            ("Contoso Ltd.", "contoso-ltd"),
            ("  --Ärzte & 3 Söhne--", "rzte-3-s-hne"),
            ("東京", ""),
            (&"ab ".repeat(40), "ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-a"),
        ] {
            assert_eq!(readable(name), expected, "{name}");
        }
    }
}
