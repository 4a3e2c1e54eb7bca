//! What a directory's own schema may be called: names that paths, filters and stored data can tell apart.

use crate::lenient::MEMBERS;
use crate::path::{SplitPath, is_name, split};

/// URNs under these prefixes belong to the RFCs, or are taken for the enterprise extension (E20).
const TAKEN: [&str; 5] = [
    "urn:ietf:params:scim:schemas:core:",
    "urn:ietf:params:scim:api:",
    "urn:ietf:params:scim:schemas:extension:enterprise:",
    "urn:scim:schemas:core:",
    "urn:scim:schemas:extension:enterprise:",
];

/// The longest URN and the longest attribute name, in bytes.
const MAX_NAME: usize = 200;

/// Whether an extension that a directory declares may have this URN (RFC 8141 §2): a namespace of 2 to 32 letters,
/// digits and hyphens, then a name. The URNs of the RFCs' own schemas are taken, in any case (R6).
///
/// # Errors
/// One sentence that says what is wrong.
pub fn check_extension_urn(urn: &str) -> Result<(), String> {
    const FORM: &str = "Must be a URN such as \"urn:example:params:scim:schemas:badge:2.0:User\".";
    if urn.len() > MAX_NAME {
        return Err(format!("Must not be longer than {MAX_NAME} bytes."));
    }
    let mut parts = urn.splitn(3, ':');
    let (scheme, namespace, name) = (parts.next(), parts.next(), parts.next());
    let is_urn = scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("urn"));
    if !is_urn || !namespace.is_some_and(is_namespace) || !name.is_some_and(is_specific_name) {
        return Err(FORM.to_owned());
    }
    let lower = urn.to_ascii_lowercase();
    if TAKEN.iter().any(|prefix| lower.starts_with(prefix)) {
        return Err("Is a URN of the SCIM standard itself; give the extension a URN of its own.".to_owned());
    }
    // What stands for the whole extension must come back as such when nobody has declared it any more.
    match split(urn, &[urn]) {
        Ok(SplitPath::Schema(_)) => Ok(()),
        _ => Err(FORM.to_owned()),
    }
}

/// Whether an attribute of such an extension, or a part of one, may have this name (R18).
///
/// # Errors
/// One sentence that says what is wrong.
pub fn check_attribute_name(name: &str) -> Result<(), String> {
    if name.len() > MAX_NAME || !is_name(name) {
        return Err(format!(
            "Must be a letter followed by letters, digits, \"-\" and \"_\", {MAX_NAME} at most."
        ));
    }
    if name.eq_ignore_ascii_case(MEMBERS) {
        return Err("\"members\" belongs to groups; choose another name.".to_owned());
    }
    Ok(())
}

fn is_namespace(text: &str) -> bool {
    (2..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// A part of what RFC 8141 allows: what needs no quoting in a path or in a URL.
fn is_specific_name(text: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || b":.-_".contains(&byte);
    text.bytes().all(inside)
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.ends_with(|last: char| last.is_ascii_alphanumeric())
        && !text.contains("::")
}

#[cfg(test)]
mod tests {
    use super::{check_attribute_name, check_extension_urn};

    #[test]
    fn a_directory_may_take_any_urn_that_is_not_one_of_the_standard() {
        for urn in [
            "urn:acme:badge",
            "urn:ietf:params:scim:schemas:extension:CustomExtensionName:2.0:User",
            "URN:acme-corp:params:scim:schemas:hr:1.0:User",
        ] {
            assert_eq!(check_extension_urn(urn), Ok(()), "{urn}");
        }
        for urn in [
            "",
            "badge",
            "urn:",
            "urn:acme",
            "urn:acme:",
            "urn:a:badge",
            "urn:-acme:badge",
            "urn:acme:bad ge",
            "urn:acme:badge:",
            "urn:acme::badge",
            "urn:acme:b\"adge",
            "http://acme.example/badge",
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "URN:IETF:params:scim:schemas:extension:enterprise:2.0:user",
            "urn:ietf:params:scim:api:messages:2.0:PatchOp",
        ] {
            assert!(check_extension_urn(urn).is_err(), "{urn}");
        }
        assert!(check_extension_urn(&format!("urn:acme:{}", "x".repeat(200))).is_err());
    }

    // Rules: R18
    #[test]
    fn attribute_names_are_letters_digits_hyphens_and_underscores() {
        for name in ["badge", "shoe-size_2", "$ref"] {
            assert_eq!(check_attribute_name(name), Ok(()), "{name}");
        }
        for name in ["", "2nd", "a b", "a.b", "a:b", "žluť", "Members"] {
            assert!(check_attribute_name(name).is_err(), "{name}");
        }
    }
}
