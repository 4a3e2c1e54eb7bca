//! Which ordered lane a directory travels in.

use crate::DirectoryId;

/// The lane of a directory among `partitions` lanes: the publisher computes it, so the broker needs no plugin.
///
/// UUID v7 carries its randomness in the low half, so that half spreads directories evenly. The function is part of
/// the wire contract: changing it would split a directory over two lanes.
#[must_use]
pub fn lane_of(directory: DirectoryId, partitions: u16) -> u16 {
    let (_, low) = directory.uuid().as_u64_pair();
    let mixed = low.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    u16::try_from((mixed >> 32) % u64::from(partitions.max(1))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::lane_of;
    use crate::DirectoryId;

    #[test]
    fn every_directory_has_one_lane_and_all_lanes_are_used() {
        let mut used = [0usize; 8];
        for _ in 0..8_000 {
            let id = DirectoryId::new();
            assert_eq!(lane_of(id, 8), lane_of(id, 8));
            assert_eq!(lane_of(id, 1), 0);
            used[usize::from(lane_of(id, 8))] += 1;
        }
        assert!(used.iter().all(|count| *count > 700), "{used:?}");
    }
}
