//! Microsoft Entra ID: tokens of apps, admin consent, and the documents that clients look up.

mod assertion;
mod refusal;

use crate::clock::Moment;
use crate::faults::Action;
use crate::graph::answer::{Answer, Delivery};
use crate::graph::{BEARER, Bearer};
use crate::manners::Request;
use crate::seed;
use crate::tenant::State;
use crate::tenant::installed::{App, Installed};
use crate::world::{World, lock};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
pub(crate) use refusal::Refusal;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

/// The only kind of assertion (RFC 7523 §2.2).
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The token endpoint below the tenant.
pub(crate) const TOKEN: &str = "/oauth2/v2.0/token";
/// Names that stand for no tenant.
const NO_TENANT: [&str; 3] = ["common", "organizations", "consumers"];
/// Graph's roots, as scopes name them.
const GRAPH_ROOTS: [&str; 4] = [
    "https://graph.microsoft.com",
    "https://graph.microsoft.us",
    "https://dod-graph.microsoft.us",
    "https://microsoftgraph.chinacloudapi.cn",
];

/// A request to the token endpoint.
#[derive(Debug)]
pub(crate) struct TokenRequest {
    /// As the path names it.
    pub(crate) tenant: String,
    pub(crate) content_type: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// What the client proves itself with.
enum Proof<'a> {
    Secret(String),
    Assertion(&'a str),
}

/// The answer of the token endpoint.
pub(crate) fn token(world: &World, request: &TokenRequest) -> Answer {
    let now = world.clock.now();
    let mut about = (None, None);
    let answer = match grant(world, request, now, &mut about) {
        Ok(answer) => answer,
        Err(refusal) => refusal.answer(world, now),
    };
    lock(&world.manners).note(Request {
        at: now,
        method: "POST".to_owned(),
        path: format!("/{}/oauth2/v2.0/token", request.tenant),
        tenant: about.0,
        app: about.1,
        status: answer.status,
    });
    answer.with("Cache-Control", "no-store, no-cache")
}

fn grant(
    world: &World,
    request: &TokenRequest,
    now: Moment,
    about: &mut (Option<Uuid>, Option<Uuid>),
) -> Result<Answer, Refusal> {
    if NO_TENANT.contains(&request.tenant.as_str()) {
        return Err(Refusal::NoTenant);
    }
    let (tenant, state) = world.tenant_named(&request.tenant).ok_or(Refusal::UnknownTenant)?;
    about.0 = Some(tenant);
    let mut state = lock(&state);
    let action = strike(&mut state);
    if !request.content_type.starts_with("application/x-www-form-urlencoded") {
        return Err(Refusal::Missing("grant_type"));
    }
    let form: HashMap<String, String> = url::form_urlencoded::parse(&request.body).into_owned().collect();
    let field = |name: &'static str| {
        form.get(name)
            .filter(|value| !value.is_empty())
            .ok_or(Refusal::Missing(name))
    };
    match field("grant_type")?.as_str() {
        "client_credentials" => {}
        _ => return Err(Refusal::Grant),
    }
    let (client_id, proof) = credentials(&form, request.authorization.as_deref())?;
    about.1 = client_id.parse().ok();
    let delivery = struck(world, action, (tenant, about.1.unwrap_or_default()), now)?;
    check_scope(world, field("scope")?)?;
    let client: Uuid = client_id.parse().map_err(|_| Refusal::UnknownApp)?;
    let mut apps = lock(&world.apps);
    let app = apps.get_mut(&client).ok_or(Refusal::UnknownApp)?;
    let installed = state.installed.get(&client).ok_or(Refusal::UnknownApp)?.clone();
    if installed.disabled {
        return Err(Refusal::Disabled(client, app.name.clone()));
    }
    match proof {
        Proof::Secret(secret) => check_secret(app, &secret, now)?,
        Proof::Assertion(text) => {
            let endpoint = |tenant: &str| format!("{}/{tenant}/oauth2/v2.0/token", world.url);
            let whom = assertion::Whom {
                client_id: &client_id,
                endpoints: [endpoint(&request.tenant), endpoint(&tenant.to_string())],
            };
            let reused = assertion::check(app, text, &whom, now)?;
            if reused {
                lock(&world.manners).broke(crate::manners::Rule::AssertionReused);
                if state.behaviour.used_assertions_refused {
                    return Err(Refusal::Assertion("it was used before"));
                }
            }
        }
    }
    lock(&world.manners).token(tenant);
    Ok(Answer {
        delivery,
        ..Answer::ok(issue(world, &state, client, installed, now))
    })
}

/// What a test wants to go wrong.
fn strike(state: &mut State) -> Option<Action> {
    state.served += 1;
    let dice = [state.seed, state.served];
    state.faults.strike(TOKEN, "", dice)
}

/// The refusal that a test wants, or how the answer is to be sent.
fn struck(world: &World, action: Option<Action>, whom: (Uuid, Uuid), now: Moment) -> Result<Delivery, Refusal> {
    let mut manners = lock(&world.manners);
    manners.asked(whom.0, whom.1, TOKEN, now);
    let (status, retry_after) = match action {
        None => return Ok(Delivery::Whole),
        Some(Action::Token { code }) => return Err(Refusal::Forced(code)),
        Some(Action::Status { status, retry_after }) => (status, retry_after),
        Some(Action::Throttle { retry_after }) => (429, retry_after),
        Some(Action::Html { status }) => return Err(Refusal::Html(status)),
        Some(action) => return Ok(action.delivery().unwrap_or_default()),
    };
    let header = retry_after.header(now);
    if let Some((_, seconds)) = &header {
        manners.wait(whom.0, whom.1, TOKEN, now.plus(Duration::from_secs(*seconds)));
    }
    Err(Refusal::Status(status, header.map(|(text, _)| text)))
}

fn credentials<'a>(
    form: &'a HashMap<String, String>,
    authorization: Option<&str>,
) -> Result<(String, Proof<'a>), Refusal> {
    if let Some(basic) = authorization.and_then(|header| header.strip_prefix("Basic ")) {
        let bytes = STANDARD.decode(basic).map_err(|_| Refusal::NoProof)?;
        let text = String::from_utf8(bytes).map_err(|_| Refusal::NoProof)?;
        let (id, secret) = text.split_once(':').ok_or(Refusal::NoProof)?;
        // Both are form-encoded before they are joined (RFC 6749 §2.3.1).
        let plain = |text: &str| {
            let decoded = url::form_urlencoded::parse(text.as_bytes()).next();
            decoded.map(|(name, _)| name.into_owned()).unwrap_or_default()
        };
        return Ok((plain(id), Proof::Secret(plain(secret))));
    }
    let id = form.get("client_id").ok_or(Refusal::Missing("client_id"))?.clone();
    if let Some(assertion) = form.get("client_assertion") {
        return match form.get("client_assertion_type").map(String::as_str) {
            Some(ASSERTION) => Ok((id, Proof::Assertion(assertion))),
            _ => Err(Refusal::Missing("client_assertion_type")),
        };
    }
    let secret = form.get("client_secret").ok_or(Refusal::NoProof)?;
    Ok((id, Proof::Secret(secret.clone())))
}

fn check_scope(world: &World, scope: &str) -> Result<(), Refusal> {
    let mut scopes = scope.split_whitespace();
    let root = scopes.next().and_then(|scope| scope.strip_suffix("/.default"));
    match (root, scopes.next()) {
        (Some(root), None) if root == world.url || GRAPH_ROOTS.contains(&root) => Ok(()),
        (Some(_), None) => Err(Refusal::UnknownResource),
        _ => Err(Refusal::Scope),
    }
}

fn check_secret(app: &App, secret: &str, now: Moment) -> Result<(), Refusal> {
    let known = app
        .secrets
        .iter()
        .find(|known| bool::from(known.value.as_bytes().ct_eq(secret.as_bytes())));
    match known {
        None => Err(Refusal::Secret),
        Some(known) if known.not_after <= now || known.not_before > now => Err(Refusal::SecretExpired),
        Some(_) => Ok(()),
    }
}

/// A token, good for 60 to 90 minutes.
fn issue(world: &World, state: &State, app: Uuid, installed: Installed, now: Moment) -> Value {
    let seconds = 3_600 + seed::mix(&[state.seed, state.served]) % 1_800;
    let bearer = Bearer {
        tenant: state.id,
        app,
        roles: installed.roles,
        ends: now.plus(Duration::from_secs(seconds)),
    };
    json!({
        "token_type": "Bearer", "expires_in": seconds - 1, "ext_expires_in": seconds - 1,
        "access_token": world.seal.seal(BEARER, &bearer),
    })
}

/// The discovery document of a tenant.
pub(crate) fn discovery(world: &World, tenant: &str) -> Result<Value, (u16, Value)> {
    let now = world.clock.now();
    let unknown = || (400, Refusal::UnknownTenant.body(world, now));
    let (id, _) = world.tenant_named(tenant).ok_or_else(unknown)?;
    let base = format!("{}/{tenant}", world.url);
    Ok(json!({
        "issuer": format!("{}/{id}/v2.0", world.url),
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
        "end_session_endpoint": format!("{base}/oauth2/v2.0/logout"),
        "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "response_types_supported": ["code", "id_token"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "tid", "ver"],
        "tenant_region_scope": "EU", "cloud_instance_name": "microsoftonline.com",
        "msgraph_host": world.url.split("://").nth(1),
    }))
}

/// What MSAL asks about a host that it does not know.
pub(crate) fn instances(world: &World) -> Value {
    let host = world.url.split("://").nth(1);
    json!({
        "tenant_discovery_endpoint": format!("{}/common/v2.0/.well-known/openid-configuration", world.url),
        "api-version": "1.1",
        "metadata": [{ "preferred_network": host, "preferred_cache": host, "aliases": [host] }],
    })
}

/// An administrator of the tenant gives admin consent. Where the browser goes on to.
pub(crate) fn admin_consent(world: &World, tenant: &str, query: &HashMap<String, String>) -> Result<String, String> {
    let get = |name: &str| query.get(name).cloned().unwrap_or_default();
    let mut back: url::Url = get("redirect_uri")
        .parse()
        .map_err(|_| "AADSTS900144: redirect_uri is missing.")?;
    let known = world.tenant_named(tenant).map(|(id, _)| id);
    let app = get("client_id").parse::<Uuid>().ok();
    let is_denied = get("sim_deny") == "true";
    let consented = match (known, app) {
        (Some(tenant), Some(app)) if !is_denied => world.consent(tenant, app, None).map(|()| tenant).ok(),
        _ => None,
    };
    let mut pairs = back.query_pairs_mut();
    match consented {
        Some(tenant) => {
            pairs
                .append_pair("admin_consent", "True")
                .append_pair("tenant", &tenant.to_string());
        }
        None => {
            let text = "AADSTS65004: The administrator has not consented to the app.";
            pairs
                .append_pair("error", "permission_denied")
                .append_pair("error_description", text);
        }
    }
    pairs.append_pair("state", &get("state"));
    drop(pairs);
    Ok(back.into())
}
