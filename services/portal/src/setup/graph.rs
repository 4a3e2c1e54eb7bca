//! `/setup/directories/{id}/graph`: pulling from Microsoft Graph, one step a page. The first step sets it up with a certificate that
//! is made here, so that there is something to upload when Entra asks for it.

mod acts;
mod page;
mod steps;

use actix_web::web::{self, ServiceConfig};

pub(super) fn configure(config: &mut ServiceConfig) {
    let below = |path: &str| web::resource(format!("/directories/{{id}}/graph{path}"));
    config
        .service(below("").get(acts::show).post(acts::register))
        .service(below("/secret").post(acts::secret))
        .service(below("/renew").post(acts::renew))
        .service(below("/use").post(acts::activate))
        .service(below("/certificate").get(acts::certificate))
        .service(below("/accounts").post(acts::accounts))
        .service(below("/test").post(acts::test))
        .service(below("/start").post(acts::start));
}
