//! Several messages of a lane in one. Storing a message, keeping it on other nodes, handing it out and acknowledging it
//! cost the broker about the same whatever is in it.

use crate::Message;
use serde::{Deserialize, Serialize};

/// Messages in one, at most: no more than a projector applies in a moment.
pub(crate) const MOST_MESSAGES: usize = 64;
/// A bundle of so many bytes takes no further message.
pub(crate) const FULL_BYTES: usize = 64 * 1024;

/// One of several.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct BundlePart<T> {
    /// W3C `traceparent` of the sender's span, in place of the header that a message of its own has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) traceparent: Option<String>,
    pub(crate) message: T,
}

/// Reads a message, or a bundle of some: a JSON object, or an array of parts.
pub(crate) fn read<T: Message>(body: &[u8]) -> Result<Vec<BundlePart<T>>, serde_json::Error> {
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'[') {
        let message = serde_json::from_slice(body)?;
        return Ok(vec![BundlePart {
            traceparent: None,
            message,
        }]);
    }
    let parts: Vec<BundlePart<T>> = serde_json::from_slice(body)?;
    if parts.is_empty() {
        // Nobody could acknowledge it.
        return Err(serde::de::Error::custom("no message"));
    }
    Ok(parts)
}

/// Splits a sequence into runs that may travel together, by the bytes of each.
pub(crate) fn runs<T>(mut items: Vec<T>, size: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    let mut runs = Vec::new();
    while !items.is_empty() {
        let mut bytes = 0;
        let fitting = items.iter().take(MOST_MESSAGES).take_while(|item| {
            let fits = bytes < FULL_BYTES;
            bytes += size(item);
            fits
        });
        let rest = items.split_off(fitting.count());
        runs.push(std::mem::replace(&mut items, rest));
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::Event;

    #[test]
    fn runs_keep_the_order_and_their_bounds() {
        let small = runs((0..150).collect::<Vec<_>>(), |_| 10);
        assert_eq!(small.iter().map(Vec::len).collect::<Vec<_>>(), [64, 64, 22]);
        assert_eq!(small.concat(), (0..150).collect::<Vec<_>>());
        let large = runs(vec![1, FULL_BYTES, 1, FULL_BYTES + 1, 1], |size| *size);
        assert_eq!(large, [vec![1, FULL_BYTES], vec![1, FULL_BYTES + 1], vec![1]]);
        assert!(runs(Vec::<usize>::new(), |_| 1).is_empty());
    }

    #[test]
    fn a_bundle_of_nothing_is_not_a_message() {
        for body in ["[]", " []", "", "[{}]", "7"] {
            assert!(read::<Event>(body.as_bytes()).is_err(), "{body}");
        }
    }
}
