//! `/setup/directories/{id}/sign-on` and `/setup/connections/{id}`: single sign-on, one step a page. The first step makes the
//! connection, so that its redirect URIs are known when Entra asks for them.

mod acts;
mod page;
mod steps;

use actix_web::web::{self, ServiceConfig};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/directories/{id}/sign-on")
                .get(acts::begin)
                .post(acts::create),
        )
        .service(web::resource("/connections/{id}").get(acts::show))
        .service(web::resource("/connections/{id}/provider").post(acts::provider))
        .service(web::resource("/connections/{id}/secret").post(acts::set_secret))
        .service(web::resource("/connections/{id}/key").post(acts::make_key))
        .service(web::resource("/connections/{id}/certificate").get(acts::certificate))
        .service(web::resource("/connections/{id}/accounts").post(acts::accounts))
        .service(web::resource("/connections/{id}/state").post(acts::go_live));
}
