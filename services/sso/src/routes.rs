//! Where everything is mounted.

use crate::parameters::MOST_BYTES;
use crate::state::State;
use crate::{authorize, callback, discovery, logout, ssf, test_login, token, userinfo};
use actix_web::web::{self, Data, PayloadConfig, ServiceConfig};

pub(crate) fn configure(state: State) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    move |config| {
        let scope = web::scope("/sso")
            .app_data(Data::new(state.clone()))
            .app_data(PayloadConfig::new(MOST_BYTES))
            .service(web::resource("/.well-known/openid-configuration").get(discovery::document))
            .service(web::resource("/jwks").get(discovery::keys))
            .service(
                web::resource("/authorize")
                    .get(authorize::by_query)
                    .post(authorize::by_form),
            )
            .service(web::resource("/token").post(token::handler))
            .service(
                web::resource("/userinfo")
                    .get(userinfo::userinfo)
                    .post(userinfo::userinfo),
            )
            .service(web::resource("/profile").get(userinfo::profile))
            .service(web::resource("/logout").get(logout::by_query).post(logout::by_form))
            .configure(ssf::configure)
            .service(web::resource("/{slug}/test").get(test_login::begin))
            .service(
                web::resource(["/{slug}/oauth2/authresp", "/{slug}/oauth2/native"])
                    .get(callback::by_query)
                    .post(callback::by_form),
            );
        let document = web::resource(ssf::WELL_KNOWN)
            .app_data(Data::new(state.clone()))
            .get(ssf::document);
        config.service(document).service(scope);
    }
}
