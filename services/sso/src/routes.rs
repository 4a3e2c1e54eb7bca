//! Where everything is mounted.

use crate::parameters::MOST_BYTES;
use crate::state::State;
use crate::{authorize, callback, discovery, logout, ssf, start, test_login, token, userinfo};
use actix_cors::Cors;
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::web::{self, Data, PayloadConfig, ServiceConfig};

pub(crate) fn configure(state: State) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    move |config| {
        let scope = web::scope("/sso")
            .app_data(Data::new(state.clone()))
            .app_data(PayloadConfig::new(MOST_BYTES))
            .service(
                web::resource("/.well-known/openid-configuration")
                    .wrap(cross_origin())
                    .get(discovery::document),
            )
            .service(web::resource("/jwks").wrap(cross_origin()).get(discovery::keys))
            .service(
                web::resource("/authorize")
                    .get(authorize::by_query)
                    .post(authorize::by_form),
            )
            .service(web::resource("/token").wrap(cross_origin()).post(token::handler))
            .service(
                web::resource("/userinfo")
                    .wrap(cross_origin())
                    .get(userinfo::userinfo)
                    .post(userinfo::userinfo),
            )
            .service(web::resource("/profile").wrap(cross_origin()).get(userinfo::profile))
            .service(web::resource("/logout").get(logout::by_query).post(logout::by_form))
            .configure(ssf::configure)
            .service(web::resource("/{slug}/start").get(start::begin))
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

/// Apps that run in a browser ask from their own origin, which is any. Nothing here looks at cookies, so what a page of another
/// site gets is what anybody gets who has the same code or token.
fn cross_origin() -> Cors {
    Cors::default()
        .allow_any_origin()
        .send_wildcard()
        .allowed_methods([Method::GET, Method::POST])
        .allowed_headers([AUTHORIZATION, CONTENT_TYPE])
        .expose_headers([WWW_AUTHENTICATE, RETRY_AFTER])
        .max_age(3_600)
}
