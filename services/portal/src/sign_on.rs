//! Logging in to the console as a person, by a connection that an operator opened for it.
//!
//! To single sign-on the console is an app like others: public, with PKCE, at one redirect URI. It begins a login at
//! `/sso/authorize` and gets a code, which it redeems in the database and not over HTTP: both are one installation, and the
//! public address may not be reachable from inside. A code is good once all the same, by the same statement.

mod answer;
mod attempt;
mod begin;
pub(crate) mod person;
pub(crate) mod records;

use crate::guard::guarded;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};

pub(crate) use begin::{Realm, realm};

/// Where a login begins.
pub(crate) const BEGIN: &str = "/console/sign-on";
/// Where people come back to.
const CALLBACK: &str = "/console/sign-on/callback";

pub(crate) fn configure(config: &mut ServiceConfig) {
    let begin = web::resource(BEGIN)
        .wrap(from_fn(guarded))
        .get(begin::by_link)
        .post(begin::by_name);
    let callback = web::resource(CALLBACK).wrap(from_fn(guarded)).get(answer::come_back);
    config.service(begin).service(callback);
}
