//! Tokens, sealed values and comparisons that leak nothing.
//!
//! Two ways to keep a secret: what others must prove they know (directory keys, admin keys) is stored as a hash and
//! compared in constant time; what Rollcall itself must say again (webhook secrets, retrievable keys) is sealed with the
//! master key, bound to the row that it belongs to.

mod access_token;
mod compare;
mod master_key;
mod master_keys;
mod random;
mod session_token;
mod signed;
mod token;

pub use access_token::{ACCESS_TOKEN_PREFIX, AccessClaims, AccessTokens, GrantType};
pub use compare::{constant_time_eq, hash_secret};
pub use master_key::{KeyId, MasterKey, MasterKeyError, OpenError};
pub use master_keys::{Derived, MasterKeys};
pub use random::random_bytes;
pub use session_token::{SessionClaims, SessionTokenUse, SessionTokens};
pub use token::{ParsedToken, Token, TokenHash, TokenKind};
