//! The pages of a link, for IT administrators: no account, one organization, until the link ends.
//!
//! An administrator chooses the identity provider, follows its guide step by step while the page watches what arrives, and
//! comes back later for status, requests and keys. Single sign-on has a guide of its own, which is walked again when what it
//! proves itself with ends.

mod graph;
mod guides;
mod pages_of_directory;
mod sign_on;
mod start;

use crate::door::Door;
use crate::guard::guarded;
use crate::{brand, entry};
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};

pub(crate) fn configure(config: &mut ServiceConfig) {
    let scope = web::scope(Door::Setup.path())
        .wrap(from_fn(guarded))
        .configure(start::configure)
        .configure(pages_of_directory::configure)
        .configure(graph::configure)
        .configure(sign_on::configure)
        .configure(brand::configure(Door::Setup))
        .configure(entry::configure(Door::Setup))
        .default_service(web::to(entry::missing));
    config.service(scope);
}
