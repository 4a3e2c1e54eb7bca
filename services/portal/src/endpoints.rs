//! `/console/endpoints` and `/apps/endpoints`: the addresses of apps that are told of changes, and what was sent to them.
//! One set of pages for both doors.

mod acts;
mod delivery;
mod list;
mod make;
mod show;

use crate::texts::text;
use crate::viewer::Viewer;
use actix_web::web::{self, ServiceConfig};
use pages::Link;

/// The pages, for those who come in by one door.
pub(crate) fn configure<V: Viewer>(config: &mut ServiceConfig) {
    config
        .service(web::resource("/endpoints").get(list::list::<V>).post(make::create::<V>))
        .service(web::resource("/endpoints/new").get(make::new::<V>))
        .service(
            web::resource("/endpoints/{id}")
                .get(show::show::<V>)
                .post(acts::update::<V>),
        )
        .service(web::resource("/endpoints/{id}/secret").post(acts::reveal::<V>))
        .service(web::resource("/endpoints/{id}/rotate-secret").post(acts::rotate::<V>))
        .service(web::resource("/endpoints/{id}/test").post(acts::test::<V>))
        .service(web::resource("/endpoints/{id}/replay").post(acts::replay::<V>))
        .service(web::resource("/endpoints/{id}/enable").post(acts::enable::<V>))
        .service(web::resource("/endpoints/{id}/delete").post(acts::delete::<V>))
        .service(web::resource("/deliveries/{id}").get(delivery::show::<V>))
        .service(web::resource("/deliveries/{id}/attempts/{number}").get(delivery::attempt::<V>))
        .service(web::resource("/deliveries/{id}/retry").post(delivery::retry::<V>))
        .service(web::resource("/deliveries/{id}/cancel").post(delivery::cancel::<V>));
}

/// Where the endpoints are.
fn here<V: Viewer>() -> String {
    format!("{}/endpoints", V::DOOR.path())
}

fn crumb<V: Viewer>() -> Link {
    Link::new(here::<V>(), text("endpoints-title"))
}
