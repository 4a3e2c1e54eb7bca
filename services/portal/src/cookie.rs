//! The cookie of a session: not for scripts, not for other sites, over TLS only where the installation has TLS.

use crate::door::Door;
use crate::state::State;
use actix_web::cookie::{Cookie, SameSite};
use secrecy::{ExposeSecret as _, SecretString};

/// The cookie that opens a door.
pub(crate) fn opening(state: &State, door: Door, token: &SecretString) -> Cookie<'static> {
    base(state, door, token.expose_secret().to_owned())
}

/// The cookie that takes the other one away.
pub(crate) fn closing(state: &State, door: Door) -> Cookie<'static> {
    let mut cookie = base(state, door, String::new());
    cookie.make_removal();
    cookie
}

fn base(state: &State, door: Door, value: String) -> Cookie<'static> {
    // Lax: a link in a mail or in an app's own pages leads to where one is logged in; forms of other sites do not.
    Cookie::build(door.cookie(state.is_secure()), value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(state.is_secure())
        .finish()
}
