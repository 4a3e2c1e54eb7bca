//! Being a provider: tokens that we issue, and what clients of ours hand back.

mod hint;
mod id_token;
mod logout;
mod pkce;
mod redirect;
mod security_event;

pub use hint::{HintError, IdTokenHint, read_id_token_hint};
pub use id_token::IssuedIdToken;
pub use logout::LogoutToken;
pub use pkce::{CodeChallenge, CodeVerifier, PkceError};
pub use redirect::redirect_uri_matches;
pub use security_event::SecurityEventToken;
