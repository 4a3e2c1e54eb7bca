//! Addresses.

use lettre::Address;
use lettre::message::Mailbox;

/// The longest address (RFC 5321 §4.5.3.1.3, without the angle brackets).
const MOST_BYTES: usize = 254;

/// A text that is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no e-mail address")]
pub struct InvalidAddress;

/// Whether a text is an address that can be written to: one that every server understands, so of ASCII.
#[must_use]
pub fn is_address(text: &str) -> bool {
    text.len() <= MOST_BYTES && text.is_ascii() && text.parse::<Address>().is_ok()
}

/// Whether a text says whom mails are from: an address, or a name with an address in angle brackets.
#[must_use]
pub fn is_sender(text: &str) -> bool {
    mailbox(text).is_ok()
}

/// An address, with a name or without.
pub(crate) fn mailbox(text: &str) -> Result<Mailbox, InvalidAddress> {
    let mailbox: Mailbox = text.parse().map_err(|_| InvalidAddress)?;
    if is_address(mailbox.email.as_ref()) && !text.contains(char::is_control) {
        Ok(mailbox)
    } else {
        Err(InvalidAddress)
    }
}

#[cfg(test)]
mod tests {
    use super::{is_address, is_sender};

    #[test]
    fn an_address_is_one_that_every_server_understands() {
        for good in ["a@b.example", "first.last+tag@sub.contoso.com"] {
            assert!(is_address(good) && is_sender(good), "{good}");
        }
        let long = format!("{}@b.example", "a".repeat(260));
        for bad in [
            "",
            "a",
            "@b.example",
            "a@",
            "a b@c.example",
            "a@b.example\r\nBcc: c@d.example",
            "ä@b.example",
            &long,
        ] {
            assert!(!is_address(bad) && !is_sender(bad), "{bad}");
        }
        assert!(is_sender("Rollcall <rollcall@contoso.com>"));
        assert!(!is_sender("Roll\r\ncall <rollcall@contoso.com>"));
        assert!(!is_address("Rollcall <rollcall@contoso.com>"));
    }
}
