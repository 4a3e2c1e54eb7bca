//! The master keys that a program has: the one that seals, and while it takes the place of another, that other one.
//!
//! New values are sealed with the current key only. What the previous one sealed still opens, until it is sealed again.

use crate::master_key::{KeyId, MasterKey, OpenError};
use secrecy::SecretString;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// Seals and opens stored secrets. Cheap to clone, and clones are one; never shown.
#[derive(Clone)]
pub struct MasterKeys(Arc<Inner>);

struct Inner {
    keys: RwLock<Keys>,
    look_again: Option<LookAgain>,
}

#[derive(Clone)]
struct Keys {
    current: MasterKey,
    previous: Option<MasterKey>,
}

/// Where the keys are looked up once more.
type LookAgain = Box<dyn Fn() -> Option<MasterKeys> + Send + Sync>;

/// Keys for another purpose, one of each master key.
pub struct Derived {
    /// Of the key that seals.
    pub current: [u8; 32],
    /// Of the one before it: what it made is still good.
    pub previous: Option<[u8; 32]>,
}

impl fmt::Debug for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Derived(..)")
    }
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKeys(..)")
    }
}

impl From<MasterKey> for MasterKeys {
    fn from(current: MasterKey) -> Self {
        Self::new(current, None)
    }
}

impl MasterKeys {
    /// Seals with `current`, and opens with `previous`, too. One that is the same as `current` is none.
    #[must_use]
    pub fn new(current: MasterKey, previous: Option<MasterKey>) -> Self {
        let previous = previous.filter(|previous| previous.id() != current.id());
        Self::over(Keys { current, previous }, None)
    }

    /// For keys that may be replaced while the program runs: they are looked up once more where a value names a key that is
    /// not among them, and the new ones hold from then on.
    #[must_use]
    pub fn looking_again(self, look_again: impl Fn() -> Option<Self> + Send + Sync + 'static) -> Self {
        Self::over(self.keys(), Some(Box::new(look_again)))
    }

    fn over(keys: Keys, look_again: Option<LookAgain>) -> Self {
        Self(Arc::new(Inner {
            keys: RwLock::new(keys),
            look_again,
        }))
    }

    fn keys(&self) -> Keys {
        self.0.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The key that seals.
    #[must_use]
    pub fn current(&self) -> MasterKey {
        self.keys().current
    }

    /// The one before it, which only opens.
    #[must_use]
    pub fn previous(&self) -> Option<MasterKey> {
        self.keys().previous
    }

    /// See [`MasterKey::seal`]; with the current key.
    ///
    /// # Panics
    /// As there.
    #[must_use]
    pub fn seal(&self, plain: &[u8], context: &str) -> Vec<u8> {
        self.current().seal(plain, context)
    }

    /// Decrypts what one of the keys sealed for the same `context`: the one that the value names.
    ///
    /// # Errors
    /// See [`OpenError`]; a changed value and a wrong context cannot be told apart.
    pub fn open(&self, sealed: &[u8], context: &str) -> Result<Vec<u8>, OpenError> {
        let id = KeyId::of_sealed(sealed).ok_or(OpenError::Malformed)?;
        self.named(id).ok_or(OpenError::OtherKey(id))?.open(sealed, context)
    }

    /// [`MasterKeys::open`] for values that are text.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_text(&self, sealed: &[u8], context: &str) -> Result<SecretString, OpenError> {
        let id = KeyId::of_sealed(sealed).ok_or(OpenError::Malformed)?;
        self.named(id)
            .ok_or(OpenError::OtherKey(id))?
            .open_text(sealed, context)
    }

    /// Keys for another purpose; see [`MasterKey::derive`].
    #[must_use]
    pub fn derive(&self, context: &str) -> Derived {
        let Keys { current, previous } = self.keys();
        Derived {
            current: current.derive(context),
            previous: previous.map(|previous| previous.derive(context)),
        }
    }

    fn named(&self, id: KeyId) -> Option<MasterKey> {
        if let Some(key) = self.keys().named(id) {
            return Some(key);
        }
        let found = self.0.look_again.as_ref()?()?.keys();
        let key = found.named(id);
        *self.0.keys.write().unwrap_or_else(PoisonError::into_inner) = found;
        key
    }
}

impl Keys {
    fn named(&self, id: KeyId) -> Option<MasterKey> {
        let mut keys = std::iter::once(&self.current).chain(&self.previous);
        keys.find(|key| key.id() == id).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;
    use std::sync::Mutex;

    const CONTEXT: &str = "endpoint/1/secret";

    #[test]
    fn the_current_key_seals_and_both_open() {
        let (old, new) = (MasterKey::generate(), MasterKey::generate());
        let keys = MasterKeys::new(new.clone(), Some(old.clone()));
        let sealed = keys.seal(b"value", CONTEXT);
        assert_eq!(new.open(&sealed, CONTEXT).as_deref(), Ok(b"value".as_slice()));
        for key in [old, new] {
            let sealed = key.seal(b"value", CONTEXT);
            assert_eq!(keys.open(&sealed, CONTEXT).as_deref(), Ok(b"value".as_slice()));
            assert_eq!(keys.open_text(&sealed, CONTEXT).unwrap().expose_secret(), "value");
            assert_eq!(keys.open(&sealed, "endpoint/2/secret"), Err(OpenError::Refused));
        }
    }

    #[test]
    fn a_value_of_neither_key_names_its_key() {
        let (keys, other) = (MasterKeys::from(MasterKey::generate()), MasterKey::generate());
        let sealed = other.seal(b"value", CONTEXT);
        assert_eq!(keys.open(&sealed, CONTEXT), Err(OpenError::OtherKey(other.id())));
        assert_eq!(keys.open(&sealed[..4], CONTEXT), Err(OpenError::Malformed));
    }

    #[test]
    fn a_previous_key_that_is_the_current_one_is_none() {
        let key = MasterKey::generate();
        assert!(MasterKeys::new(key.clone(), Some(key)).previous().is_none());
    }

    #[test]
    fn a_purpose_has_a_key_of_each_master_key() {
        let (old, new) = (MasterKey::generate(), MasterKey::generate());
        let derived = MasterKeys::new(new.clone(), Some(old.clone())).derive("purpose");
        assert_eq!(derived.current, new.derive("purpose"));
        assert_eq!(derived.previous, Some(old.derive("purpose")));
        assert!(MasterKeys::from(new).derive("purpose").previous.is_none());
    }

    #[test]
    fn keys_that_were_replaced_are_looked_up_when_a_value_names_one_and_clones_have_them_too() {
        let (old, new) = (MasterKey::generate(), MasterKey::generate());
        let place = Arc::new(Mutex::new(MasterKeys::from(old.clone())));
        let looked = Arc::clone(&place);
        let keys = MasterKeys::from(old.clone()).looking_again(move || Some(looked.lock().unwrap().clone()));
        let clone = keys.clone();
        let sealed = new.seal(b"value", CONTEXT);
        assert_eq!(keys.open(&sealed, CONTEXT), Err(OpenError::OtherKey(new.id())));
        *place.lock().unwrap() = MasterKeys::new(new.clone(), Some(old.clone()));
        assert_eq!(keys.open(&sealed, CONTEXT).as_deref(), Ok(b"value".as_slice()));
        assert_eq!(KeyId::of_sealed(&clone.seal(b"value", CONTEXT)), Some(new.id()));
        let of_old = old.seal(b"value", CONTEXT);
        assert_eq!(clone.open(&of_old, CONTEXT).as_deref(), Ok(b"value".as_slice()));
    }

    #[test]
    fn debug_output_shows_no_key() {
        let keys = MasterKeys::from(MasterKey::generate());
        assert_eq!(format!("{keys:?} {:?}", keys.derive("x")), "MasterKeys(..) Derived(..)");
    }
}
