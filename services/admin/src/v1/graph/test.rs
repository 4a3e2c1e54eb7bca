//! `POST /directories/{id}/graph/test`.

use super::consent;
use super::look::{Looked, look};
use super::session::{PATIENCE, too_slow};
use super::stored;
use super::view::fault;
use super::{PULL, pulled};
use crate::audit::Act;
use crate::body::NoBody;
use crate::context::AdminContext;
use crate::people::People;
use crate::problem::{Problem, ProblemKind};
use ::directory::{User, normalized_user};
use ::events::ResourceId;
use ::graph::Session;
use ::graph::delta::Object;
use ::graph::map::{AttributeMap, Kept, Mode};
use ::graph::pull::{PullFault, PullSettings};
use actix_web::web::{Json, Path};
use api::{GraphTest, GraphTestAccount, GraphTestOutcome, PreviewRequest};
use scim::resource::{Mode as Reading, parse};
use serde_json::{Map, Value};

/// Members of a normalized user that only a stored one has.
const OF_STORED: [&str; 4] = ["id", "created_at", "updated_at", "raw"];

/// Tests a pull: whether the application may read what it must, and how each test account would look. Nothing is changed.
///
/// It says which permission is missing, and where an administrator grants admin consent.
#[utoipa::path(
    post,
    path = "/directories/{id}/graph/test",
    operation_id = "test_graph",
    tag = "Graph",
    request_body(content = Option<api::Nothing>, description = "None, or an empty object."),
    responses((status = 200, description = "What was found.", body = api::GraphTest)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    _body: NoBody,
) -> Result<Json<GraphTest>, Problem> {
    let (directory, pull) = pulled(&context, &path).await?;
    let consent_url = consent::link(&context, &pull)?.ok_or_else(|| {
        let detail = "The tenant and the application are not known yet. PATCH …/graph sets tenant_id and client_id.";
        Problem::new(ProblemKind::Conflict, detail)
    })?;
    let Looked {
        steps,
        missing,
        session,
    } = look(&context, &directory, &pull).await?;
    let people = People::of(&context, &path).await?;
    let settings = stored::settings(&pull)?;
    let accounts = match session {
        Some(session) => {
            let read = tokio::time::timeout(PATIENCE, accounts(&context, &people, &settings, &session)).await;
            read.map_err(|_| too_slow())??
        }
        None => Vec::new(),
    };
    let is_step_good = |outcome| matches!(outcome, GraphTestOutcome::Good | GraphTestOutcome::NothingThere);
    let is_account_good = |account: &GraphTestAccount| account.found && account.error.is_none();
    let is_good = steps.iter().all(|step| is_step_good(step.outcome)) && accounts.iter().all(is_account_good);
    let said = if is_good { "It is good." } else { "It is not good." };
    // It reads people of the tenant, which is told though it changes nothing.
    let act = Act::new("tested", PULL, directory.id).within(&directory).saying(said);
    context.note(act).await?;
    Ok(Json(GraphTest {
        at: context.now,
        is_good,
        steps,
        missing_permissions: missing,
        consent_url,
        accounts,
    }))
}

/// What would become of the test accounts, one after the other: there are twenty at most.
async fn accounts(
    context: &AdminContext,
    people: &People,
    settings: &PullSettings,
    session: &Session,
) -> Result<Vec<GraphTestAccount>, Problem> {
    let map = settings.users(people.policy.user_type());
    let map = map.map_err(|error| {
        let detail = format!(
            "The map of people no longer fits the schemas of this directory: {error}. PATCH …/graph changes it."
        );
        Problem::new(ProblemKind::Conflict, detail)
    })?;
    let select = map.select();
    let mut accounts = Vec::with_capacity(settings.test_accounts.len());
    for name in &settings.test_accounts {
        accounts.push(match session.user_by_name(name, &select).await {
            Ok(Some(object)) => found(name, &map, &object, people),
            Ok(None) => bare(name, false),
            Err(error) => GraphTestAccount {
                error: Some(fault(PullFault::of(&error, context.now))),
                ..bare(name, false)
            },
        });
    }
    preview(context, people, &mut accounts).await?;
    Ok(accounts)
}

fn bare(name: &str, found: bool) -> GraphTestAccount {
    GraphTestAccount {
        user_name: name.to_owned(),
        found,
        skipped: None,
        unfit: Vec::new(),
        scim: None,
        normalized: None,
        preview: None,
        error: None,
    }
}

fn found(name: &str, map: &AttributeMap, object: &Object, people: &People) -> GraphTestAccount {
    let mapped = match map.apply(object, Mode::Full, &Kept::default()) {
        Ok(mapped) => mapped,
        Err(skip) => {
            return GraphTestAccount {
                skipped: Some(skip.as_str().to_owned()),
                ..bare(name, true)
            };
        }
    };
    let scim = with_schemas(mapped.create());
    let read = parse(people.policy.user_type(), &Value::Object(scim.clone()), Reading::Create);
    GraphTestAccount {
        unfit: mapped.unfit.into_iter().map(|unfit| unfit.path).collect(),
        normalized: read.ok().map(|attributes| normalized(attributes, people)),
        scim: Some(scim),
        ..bare(name, true)
    }
}

/// With `schemas` in front, as a SCIM client would send it (RFC 7643 §3).
fn with_schemas(attributes: Map<String, Value>) -> Map<String, Value> {
    let extensions = attributes.keys().filter(|name| name.starts_with("urn:")).cloned();
    let schemas: Vec<Value> = std::iter::once(scim::urn::CORE_USER.to_owned())
        .chain(extensions)
        .map(Value::from)
        .collect();
    let mut scim = Map::from_iter([("schemas".to_owned(), Value::Array(schemas))]);
    scim.extend(attributes);
    scim
}

/// As apps would be told of it, without what only a stored user has.
fn normalized(attributes: Map<String, Value>, people: &People) -> Map<String, Value> {
    let user = User {
        id: ResourceId::new(),
        attributes,
        version: 1,
        created_at: people.directory.created_at,
        updated_at: people.directory.created_at,
    };
    let mut members = match normalized_user(&user, people.owner(), &[], &people.policy) {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    for name in OF_STORED {
        members.shift_remove(name);
    }
    members
}

/// Adds what would become of the accounts here.
async fn preview(context: &AdminContext, people: &People, accounts: &mut [GraphTestAccount]) -> Result<(), Problem> {
    let users: Vec<Map<String, Value>> = accounts.iter().filter_map(|account| account.scim.clone()).collect();
    let list = PreviewRequest {
        users: Some(users),
        ..PreviewRequest::default()
    };
    let previews = people.preview(context, list).await?.users;
    let with_scim = accounts.iter_mut().filter(|account| account.scim.is_some());
    for (account, preview) in with_scim.zip(previews) {
        account.preview = Some(preview);
    }
    Ok(())
}
