//! The pages of a link, for IT administrators: no account, one organization, until the link ends.
//!
//! An administrator chooses the identity provider, follows its guide step by step while the page watches what arrives, and
//! comes back later for status, requests and keys.

mod enter;
mod guides;
mod pages_of_directory;
mod start;

use crate::guard::guarded;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};

pub(crate) fn configure(config: &mut ServiceConfig) {
    let scope = web::scope("/setup")
        .wrap(from_fn(guarded))
        .configure(start::configure)
        .configure(pages_of_directory::configure)
        // Last: a token may be anything.
        .configure(enter::configure);
    config.service(scope);
}
