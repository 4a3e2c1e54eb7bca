//! The pages of a link, for teams of apps: the endpoints of one organization, and what the link lets its holder do with
//! them.

use crate::door::Door;
use crate::guard::guarded;
use crate::guest::AppTeam;
use crate::{brand, endpoints, entry};
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};

pub(crate) fn configure(config: &mut ServiceConfig) {
    let scope = web::scope(Door::Apps.path())
        .wrap(from_fn(guarded))
        .configure(endpoints::configure::<AppTeam>)
        .configure(brand::configure(Door::Apps))
        .configure(entry::configure(Door::Apps))
        .default_service(web::to(entry::missing));
    config.service(scope);
}
