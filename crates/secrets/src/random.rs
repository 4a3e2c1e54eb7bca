//! Random bytes for keys, tokens and nonces.

/// Fresh random bytes from the operating system.
///
/// # Panics
/// When the operating system has no random bytes to give, which on a booted machine does not happen; going on without
/// them would make guessable keys.
#[must_use]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}
