//! A transmitter of the OpenID Shared Signals Framework 1.0: an app sets up streams, and hears on them what happens to its
//! people (CAEP 1.0, RISC 1.0, the events of SCIM of RFC 9967), by push (RFC 8935) or poll (RFC 8936).
//!
//! An app comes with a token of its own (`access`), makes and changes its streams (`streams`, `status`, `subjects`), asks to be
//! sent something (`verification`), and fetches what waits (`poll`). What is told of whom is decided where events become
//! deliveries (`directory::Signal`, the dispatcher), which pushes, too.

mod access;
mod audit;
mod body;
mod configuration;
mod delivery;
mod fault;
mod filled;
mod limits;
mod members;
mod poll;
mod shown;
mod status;
mod streams;
mod subjects;
mod verification;

pub(crate) use access::grant;
pub(crate) use configuration::document;
pub(crate) use filled::pause_the_filled;
pub(crate) use poll::Polls;

use actix_web::web::{self, ServiceConfig};

/// Where the document of the issuer `…/sso` is: the path of the issuer comes after that of the document (SSF 1.0 §7.2,
/// RFC 8615).
pub(crate) const WELL_KNOWN: &str = "/.well-known/ssf-configuration/sso";

/// The scopes that there are, and what they let an app do.
pub(crate) const SCOPES: [&str; 2] = ["ssf.read", "ssf.manage"];

/// The routes, below the issuer.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/.well-known/ssf-configuration").get(configuration::document))
        .service(
            web::resource("/ssf/streams")
                .get(streams::read)
                .post(streams::create)
                .patch(streams::update)
                .put(streams::replace)
                .delete(streams::delete),
        )
        .service(web::resource("/ssf/status").get(status::read).post(status::update))
        .service(web::resource("/ssf/subjects/add").post(subjects::add))
        .service(web::resource("/ssf/subjects/remove").post(subjects::remove))
        .service(web::resource("/ssf/verification").post(verification::request))
        .service(web::resource("/ssf/poll/{stream_id}").post(poll::handler));
}
