//! The control API over HTTP, for tests in other languages. Each route is one call of [`crate::Tenant`] or [`crate::Entra`].

use super::Shared;
use crate::attributes::Kind;
use crate::control::{Control, Tenant};
use crate::error::ControlError;
use crate::faults::Fault;
use crate::model::{AppChange, Bulk, MemberChange, NewApp, NewAssignment, NewObject, NewServicePrincipal, NewTenant};
use actix_web::error::{InternalError, JsonPayloadError};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::time::Duration;
use uuid::Uuid;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("", web::get().to(about))
        .route("/clock", web::get().to(about))
        .route("/clock", web::post().to(advance))
        .route("/requests", web::get().to(requests))
        .route("/requests", web::delete().to(forget))
        .route("/tenants", web::get().to(tenants))
        .route("/tenants", web::post().to(create_tenant))
        .service(web::scope("/tenants/{tenant}").configure(of_tenant));
}

fn of_tenant(config: &mut web::ServiceConfig) {
    config
        .route("/truth", web::get().to(truth))
        .route("/behaviour", web::get().to(behaviour))
        .route("/behaviour", web::patch().to(behave))
        .route("/faults", web::get().to(faults))
        .route("/faults", web::post().to(fault))
        .route("/faults", web::delete().to(clear))
        .route("/apps", web::post().to(create_app))
        .route("/apps/{app}", web::patch().to(change_app))
        .route("/consents", web::post().to(consent))
        .route("/bulk", web::post().to(bulk))
        .route("/servicePrincipals", web::post().to(create_principal))
        .route("/servicePrincipals/{id}/assignments", web::post().to(assign))
        .route(
            "/servicePrincipals/{id}/assignments/{principal}",
            web::delete().to(unassign),
        )
        .route("/subscriptions", web::get().to(subscriptions))
        .route("/subscriptions/{id}/reauthorization", web::post().to(reauthorize))
        .route("/groups/{id}/members", web::post().to(change_members))
        .route("/users/{id}/manager", web::put().to(set_manager))
        .route("/{kind}", web::post().to(create))
        .route("/{kind}/{id}", web::patch().to(update))
        .route("/{kind}/{id}", web::delete().to(delete))
        .route("/{kind}/{id}/restore", web::post().to(restore))
        .route("/{kind}/{id}/purge", web::post().to(purge));
}

type Data = web::Data<Shared>;

fn answer<T: Serialize>(done: Result<T, ControlError>) -> HttpResponse {
    match done {
        Ok(done) => HttpResponse::Ok().json(done),
        Err(error) => {
            let text = json!({ "error": error.to_string() });
            match error {
                ControlError::Tenant(_) | ControlError::Object(_) | ControlError::App(_) => {
                    HttpResponse::NotFound().json(text)
                }
                ControlError::Taken(_) => HttpResponse::Conflict().json(text),
                _ => HttpResponse::BadRequest().json(text),
            }
        }
    }
}

/// What a body that cannot be read is answered with.
pub(crate) fn unreadable(error: JsonPayloadError, _: &HttpRequest) -> actix_web::Error {
    let text = json!({ "error": error.to_string() });
    InternalError::from_response(error, HttpResponse::BadRequest().json(text)).into()
}

fn control(shared: &Data) -> Control {
    Control::new(std::sync::Arc::clone(&shared.world))
}

fn tenant(shared: &Data, id: Uuid) -> Tenant {
    control(shared).tenant(id)
}

async fn about(shared: Data) -> HttpResponse {
    let now = control(&shared).now();
    HttpResponse::Ok().json(json!({
        "url": shared.world.url, "elsewhere": shared.world.elsewhere, "seed": shared.world.seed, "now": now.text(),
    }))
}

#[derive(Deserialize)]
struct Advance {
    seconds: u64,
}

async fn advance(body: web::Json<Advance>, shared: Data) -> HttpResponse {
    control(&shared).advance(Duration::from_secs(body.seconds));
    about(shared).await
}

async fn requests(shared: Data) -> HttpResponse {
    HttpResponse::Ok().json(control(&shared).requests())
}

async fn forget(shared: Data) -> HttpResponse {
    control(&shared).forget_requests();
    HttpResponse::NoContent().finish()
}

async fn tenants(shared: Data) -> HttpResponse {
    let tenants = control(&shared).tenants();
    let ids: Vec<Value> = tenants.iter().map(|tenant| json!({ "id": tenant.id() })).collect();
    HttpResponse::Ok().json(ids)
}

async fn create_tenant(body: web::Json<NewTenant>, shared: Data) -> HttpResponse {
    answer(
        control(&shared)
            .create_tenant(&body)
            .map(|tenant| json!({ "id": tenant.id() })),
    )
}

async fn truth(id: web::Path<Uuid>, shared: Data) -> HttpResponse {
    answer(tenant(&shared, *id).truth())
}

async fn behaviour(id: web::Path<Uuid>, shared: Data) -> HttpResponse {
    answer(tenant(&shared, *id).behaviour())
}

async fn behave(id: web::Path<Uuid>, body: web::Json<Map<String, Value>>, shared: Data) -> HttpResponse {
    answer(tenant(&shared, *id).change_behaviour(body.into_inner()))
}

async fn faults(id: web::Path<Uuid>, shared: Data) -> HttpResponse {
    answer(tenant(&shared, *id).faults())
}

async fn fault(id: web::Path<Uuid>, body: web::Json<Fault>, shared: Data) -> HttpResponse {
    answer(tenant(&shared, *id).fault(body.into_inner()))
}

async fn clear(id: web::Path<Uuid>, shared: Data) -> HttpResponse {
    answer(tenant(&shared, *id).clear_faults())
}

async fn create_app(id: web::Path<Uuid>, body: web::Json<NewApp>, shared: Data) -> HttpResponse {
    answer(
        tenant(&shared, *id)
            .app(body.into_inner())
            .map(|id| json!({ "client_id": id })),
    )
}

async fn change_app(path: web::Path<(Uuid, Uuid)>, body: web::Json<AppChange>, shared: Data) -> HttpResponse {
    answer(tenant(&shared, path.0).change_app(path.1, body.into_inner()))
}

#[derive(Deserialize)]
struct Consent {
    client_id: Uuid,
    roles: Option<Vec<String>>,
}

async fn consent(id: web::Path<Uuid>, body: web::Json<Consent>, shared: Data) -> HttpResponse {
    let Consent { client_id, roles } = body.into_inner();
    answer(tenant(&shared, *id).consent(client_id, roles))
}

async fn bulk(id: web::Path<Uuid>, body: web::Json<Bulk>, shared: Data) -> HttpResponse {
    let made = web::block(move || tenant(&shared, *id).bulk(*body)).await;
    made.map_or_else(|_| HttpResponse::InternalServerError().finish(), answer)
}

async fn create_principal(id: web::Path<Uuid>, body: web::Json<NewServicePrincipal>, shared: Data) -> HttpResponse {
    answer(tenant(&shared, *id).service_principal(body.into_inner()))
}

async fn assign(path: web::Path<(Uuid, Uuid)>, body: web::Json<NewAssignment>, shared: Data) -> HttpResponse {
    answer(
        tenant(&shared, path.0)
            .assign(path.1, body.principal_id, body.app_role_id)
            .map(|id| json!({ "id": id })),
    )
}

async fn unassign(path: web::Path<(Uuid, Uuid, Uuid)>, shared: Data) -> HttpResponse {
    answer(tenant(&shared, path.0).unassign(path.1, path.2))
}

async fn subscriptions(id: web::Path<Uuid>, shared: Data) -> HttpResponse {
    answer(tenant(&shared, *id).subscriptions())
}

async fn reauthorize(path: web::Path<(Uuid, Uuid)>, shared: Data) -> HttpResponse {
    answer(tenant(&shared, path.0).ask_for_reauthorization(path.1))
}

async fn change_members(path: web::Path<(Uuid, Uuid)>, body: web::Json<MemberChange>, shared: Data) -> HttpResponse {
    answer(tenant(&shared, path.0).change_members(path.1, &body))
}

#[derive(Deserialize)]
struct ManagerIs {
    id: Option<Uuid>,
}

async fn set_manager(path: web::Path<(Uuid, Uuid)>, body: web::Json<ManagerIs>, shared: Data) -> HttpResponse {
    answer(tenant(&shared, path.0).set_manager(path.1, body.id))
}

/// The kind whose collection has this name.
fn kind(collection: &str) -> Option<Kind> {
    let all = [Kind::User, Kind::Group, Kind::Device, Kind::OrgContact];
    all.into_iter().find(|kind| kind.collection() == collection)
}

/// Does something with an object.
fn with(
    path: &(Uuid, String, Uuid),
    shared: &Data,
    work: impl FnOnce(Tenant, Kind) -> Result<(), ControlError>,
) -> HttpResponse {
    match kind(&path.1) {
        Some(kind) => answer(work(tenant(shared, path.0), kind)),
        None => HttpResponse::NotFound().finish(),
    }
}

async fn create(path: web::Path<(Uuid, String)>, body: web::Json<NewObject>, shared: Data) -> HttpResponse {
    let Some(kind) = kind(&path.1) else {
        return HttpResponse::NotFound().finish();
    };
    answer(
        tenant(&shared, path.0)
            .create(kind, body.into_inner())
            .map(|id| json!({ "id": id })),
    )
}

async fn update(
    path: web::Path<(Uuid, String, Uuid)>,
    body: web::Json<Map<String, Value>>,
    shared: Data,
) -> HttpResponse {
    with(&path, &shared, |tenant, kind| {
        tenant.update(kind, path.2, body.into_inner())
    })
}

async fn delete(path: web::Path<(Uuid, String, Uuid)>, shared: Data) -> HttpResponse {
    with(&path, &shared, |tenant, kind| tenant.delete(kind, path.2))
}

async fn restore(path: web::Path<(Uuid, String, Uuid)>, shared: Data) -> HttpResponse {
    with(&path, &shared, |tenant, kind| tenant.restore(kind, path.2))
}

async fn purge(path: web::Path<(Uuid, String, Uuid)>, shared: Data) -> HttpResponse {
    with(&path, &shared, |tenant, kind| tenant.purge(kind, path.2))
}
