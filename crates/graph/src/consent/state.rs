//! What goes to Entra ID with a link and comes back with the answer: of which directory the consent is. It is sealed, so whoever
//! reads it knows that this installation made it, and needs to remember nothing.
//!
//! It may come back more than once. That changes nothing, since an answer is only shown: whether consent was given, Graph
//! says.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use events::{DirectoryId, Timestamp};
use secrets::MasterKeys;
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// What it is sealed for.
const CONTEXT: &str = "graph-consent/state";
/// The longest text of which anything is read, in bytes.
const LONGEST: usize = 1_024;

/// From where somebody went to consent, and goes on afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentedFrom {
    /// The console, or the API.
    Console,
    /// The pages of a link.
    Setup,
}

/// Of which directory the consent is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentState {
    /// The directory.
    pub directory: DirectoryId,
    /// Its tenant.
    pub tenant: Uuid,
    /// From where.
    pub from: ConsentedFrom,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

impl ConsentState {
    /// As it stands in a link.
    ///
    /// # Errors
    /// Never in practice: plain data can always be written.
    pub fn seal(&self, keys: &MasterKeys) -> Result<String, serde_json::Error> {
        let plain = serde_json::to_vec(self)?;
        Ok(URL_SAFE_NO_PAD.encode(keys.seal(&plain, CONTEXT)))
    }

    /// Reads it back; `None` for what this installation did not make, and for what is good no more.
    #[must_use]
    pub fn open(text: &str, keys: &MasterKeys, now: Timestamp) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let plain = keys.open(&sealed, CONTEXT).ok()?;
        let state: Self = serde_json::from_slice(&plain).ok()?;
        (now < state.expires_at).then_some(state)
    }
}

/// What it names is no secret; the sealed form is nobody's but the administrator's.
impl fmt::Debug for ConsentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsentState")
            .field("directory", &self.directory)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use secrets::MasterKey;
    use std::time::Duration;

    #[test]
    fn only_what_this_installation_made_is_read_and_only_in_its_time() {
        let now: Timestamp = "2026-11-30T12:00:00Z".parse().unwrap();
        let (keys, others) = (MasterKey::generate(), MasterKey::generate());
        let (keys, others) = (MasterKeys::from(keys), MasterKeys::from(others));
        let state = ConsentState {
            directory: DirectoryId::new(),
            tenant: Uuid::from_u128(7),
            from: ConsentedFrom::Setup,
            expires_at: now.plus(Duration::from_secs(60)),
        };
        let sealed = state.seal(&keys).unwrap();
        assert_eq!(ConsentState::open(&sealed, &keys, now), Some(state));
        assert_eq!(ConsentState::open(&sealed, &others, now), None);
        assert_eq!(
            ConsentState::open(&sealed, &keys, now.plus(Duration::from_secs(60))),
            None
        );
        assert_eq!(ConsentState::open(&format!("{sealed}A"), &keys, now), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let keys = MasterKeys::from(MasterKey::generate());
            prop_assert_eq!(ConsentState::open(&text, &keys, Timestamp::now()), None);
        }
    }
}
