//! What looks random and is the same in every run with the same seed.

use uuid::{Builder, Uuid};

/// SplitMix64 over all parts (Steele, Lea, Flood 2014).
#[must_use]
pub(crate) fn mix(parts: &[u64]) -> u64 {
    parts.iter().fold(0x9e37_79b9_7f4a_7c15, |state, part| {
        let mut z = (state ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

/// Whether what has this chance happens at this place.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "53 bits are kept")]
pub(crate) fn happens(chance: f64, parts: &[u64]) -> bool {
    chance > 0.0 && ((mix(parts) >> 11) as f64 / (1_u64 << 53) as f64) < chance
}

/// The GUID of the thing with this number.
#[must_use]
pub(crate) fn guid(parts: &[u64]) -> Uuid {
    let (high, low) = (mix(parts), mix(&[mix(parts), 1]));
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&high.to_be_bytes());
    bytes[8..].copy_from_slice(&low.to_be_bytes());
    Builder::from_random_bytes(bytes).into_uuid()
}

/// A number for text, so that it can be a part.
#[must_use]
pub(crate) fn number(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |state, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The place that `position` of `0..total` goes to in an order that looks shuffled: each once.
#[must_use]
pub(crate) fn shuffled(position: u32, total: u32, seed: u64) -> u32 {
    let total = u64::from(total.max(1));
    let mut step = mix(&[seed, total]) % total;
    while gcd(step, total) != 1 {
        step = (step + 1) % total.max(2);
    }
    let start = mix(&[seed, total, 1]) % total;
    let place = (u128::from(position) * u128::from(step) + u128::from(start)) % u128::from(total);
    u32::try_from(place).unwrap_or(position)
}

const fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::shuffled;
    use std::collections::BTreeSet;

    #[test]
    fn a_shuffled_order_has_everything_once() {
        for total in [1, 2, 3, 10, 97, 1_000] {
            let places: BTreeSet<u32> = (0..total).map(|position| shuffled(position, total, 7)).collect();
            assert_eq!(places.len(), total as usize, "of {total}");
        }
    }
}
