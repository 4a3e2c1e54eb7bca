//! Idempotency keys.

use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// A key that nobody has used.
pub(crate) fn fresh_key() -> String {
    events::CommandId::new().to_string()
}

/// SHA-256 of a file, in hexadecimal.
pub(super) fn hash_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hash.finalize())),
            read => hash.update(&buffer[..read]),
        }
    }
}

/// The key of a thing that is made for a file: the same whenever the same file is imported, unless it is to be done again.
pub(super) fn key_for(hash: &str, again: Option<&str>, what: &str) -> String {
    let mut all = Sha256::new();
    for part in [hash, again.unwrap_or_default(), what] {
        all.update((part.len() as u64).to_be_bytes());
        all.update(part);
    }
    format!("import-{}", hex(&all.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
