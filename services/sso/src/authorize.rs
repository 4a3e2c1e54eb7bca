//! `/sso/authorize`: an app sends somebody to log in (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2), and we send them on to
//! their identity provider.
//!
//! Until app and redirect URI are known to belong together nobody is sent anywhere. After that, what is wrong goes to the
//! app.

use crate::fault::{Fault, page};
use crate::form;
use crate::outcome::{note_connection, redirect, send_back};
use crate::parameters::Parameters;
use crate::selector::{Selected, select};
use crate::start::{self, started};
use crate::state::{ClientUse, Inner, State};
use crate::transaction::{BrowserSecret, Purpose, superfluous};
use crate::upstream;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use events::{ResourceId, SsoClientId, SsoLoginId};
use oidc::{CodeChallenge, ProviderMetadata, read_id_token_hint, redirect_uri_matches};
use secrecy::ExposeSecret as _;
use secrets::{Token, TokenKind};
use std::time::Duration;
use store::{ApplicationType, ClientAuthentication, Connection, LoginChannel, SsoClient, SsoLogin};
use url::Url;

/// The longest `state` and `nonce` of an app, in bytes.
const LONGEST_STATE: usize = 2_000;
/// The longest name that somebody may give.
const LONGEST_HINT: usize = 300;
/// What an app may ask the identity provider for (OpenID Connect Core §3.1.2.1), what asks most of the person first.
const PROMPTS: [&str; 4] = ["none", "login", "select_account", "consent"];
/// What an app can be granted with a login.
pub(crate) const SCOPES: [&str; 5] = ["openid", "profile", "email", "groups", "offline_access"];

/// What is wrong with a request of a known app: the OAuth error and a sentence.
struct Wrong(&'static str, String);

impl Wrong {
    fn invalid(sentence: impl Into<String>) -> Self {
        Self("invalid_request", sentence.into())
    }
}

/// What an app asks for.
struct Request {
    client_state: String,
    nonce: Option<String>,
    scope: String,
    challenge: Option<String>,
    channel: LoginChannel,
    /// How long ago the person may have proved who they are at most.
    max_age: Option<Duration>,
    prompt: Option<String>,
    login_hint: Option<String>,
    purpose: Purpose,
}

pub(crate) async fn by_query(state: Data<State>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let response = authorize(&state, &request, request.query_string().as_bytes()).await?;
    form::answer(&request, response)
}

pub(crate) async fn by_form(state: Data<State>, request: HttpRequest, body: Bytes) -> Result<HttpResponse, Fault> {
    authorize(&state, &request, &body).await
}

async fn authorize(state: &Inner, request: &HttpRequest, text: &[u8]) -> Result<HttpResponse, Fault> {
    state.pass_address(request).map_err(Fault::TooMany)?;
    let parameters = Parameters::read(text).map_err(|error| Fault::BadRequest(error.to_string()))?;
    let client = known_client(state, parameters.get("client_id")).await?;
    let redirect_uri = parameters.get("redirect_uri").ok_or(Fault::RedirectUri)?;
    let is_registered = |registered: &String| redirect_uri_matches(registered, redirect_uri);
    if !client.redirect_uris.iter().any(is_registered) {
        return Err(Fault::RedirectUri);
    }
    let back = |error: &str, description: &str| {
        let own = parameters.get("state").filter(|text| text.len() <= LONGEST_STATE);
        let parameters = [
            ("error", error),
            ("error_description", description),
            ("state", own.unwrap_or_default()),
        ];
        send_back(&state.issuer, redirect_uri, &parameters)
    };
    if state.pass(ClientUse::Authorize, client.id).is_err() {
        return Ok(back(
            "temporarily_unavailable",
            "too many people log in to this app at once",
        ));
    }
    let mut asked = match read(&client, &parameters) {
        Ok(asked) => asked,
        Err(Wrong(error, description)) => return Ok(back(error, &description)),
    };
    if let Some(hint) = parameters.get("id_token_hint") {
        asked.purpose = match meant(state, &client, hint).await? {
            Ok(person) => Purpose::Person(person),
            Err(Wrong(error, description)) => return Ok(back(error, &description)),
        };
    }
    let started = started(state, request, client.id);
    match select(state, &client, &parameters, started).await? {
        Selected::Connection(connection) => {
            let mut response = begin(state, Some(client.id), &connection, redirect_uri, asked).await?;
            let used = started.map(|_| start::closing(state, client.id));
            for cookie in superfluous(state, request).into_iter().chain(used) {
                let added = response.add_cookie(&cookie);
                added.map_err(|error| Fault::broken("the cookie of a login", &error))?;
            }
            Ok(response)
        }
        Selected::Refused(error) => Ok(back("invalid_request", &error.to_string())),
        Selected::Ask(_) if asked.prompt.as_deref() == Some("none") => Ok(back(
            "login_required",
            "nothing says by which connection the person logs in",
        )),
        Selected::Ask(error) => ask(&client, &parameters, error),
    }
}

/// The app that a request names.
///
/// # Errors
/// That there is none; otherwise as the store.
pub(crate) async fn known_client(state: &Inner, id: Option<&str>) -> Result<SsoClient, Fault> {
    let id = id.and_then(|id| id.parse::<SsoClientId>().ok());
    let found = match id {
        Some(id) => state.store.sso_clients().by_id(id).await?,
        None => None,
    };
    found.ok_or(Fault::UnknownClient)
}

fn read(client: &SsoClient, parameters: &Parameters) -> Result<Request, Wrong> {
    match parameters.get("response_type") {
        Some("code") => {}
        Some(_) => {
            return Err(Wrong(
                "unsupported_response_type",
                "response_type must be code".to_owned(),
            ));
        }
        None => return Err(Wrong::invalid("response_type is missing; it is code")),
    }
    if parameters.get("response_mode").is_some_and(|mode| mode != "query") {
        return Err(Wrong::invalid("response_mode must be query"));
    }
    if parameters.get("request").is_some() {
        return Err(Wrong(
            "request_not_supported",
            "request objects are not taken".to_owned(),
        ));
    }
    if parameters.get("request_uri").is_some() {
        return Err(Wrong(
            "request_uri_not_supported",
            "request objects are not taken".to_owned(),
        ));
    }
    let bounded = |name: &'static str, most: usize| match parameters.get(name) {
        Some(text) if text.len() > most => Err(Wrong::invalid(format!("{name} has more than {most} bytes"))),
        text => Ok(text.map(str::to_owned)),
    };
    let client_state = bounded("state", LONGEST_STATE)?;
    let client_state =
        client_state.ok_or_else(|| Wrong::invalid("state is missing: it binds the answer to the request"))?;
    let scope = bounded("scope", LONGEST_STATE)?.unwrap_or_else(|| "openid".to_owned());
    if !scope.split(' ').any(|one| one == "openid") {
        return Err(Wrong("invalid_scope", "scope must have openid in it".to_owned()));
    }
    let prompt = prompt(bounded("prompt", 100)?)?;
    let max_age = parameters.get("max_age").map(str::parse::<u32>).transpose();
    let max_age = max_age.map_err(|_| Wrong::invalid("max_age must be a number of seconds"))?;
    Ok(Request {
        client_state,
        nonce: bounded("nonce", LONGEST_STATE)?,
        scope: granted(&scope),
        challenge: challenge(client, parameters)?,
        channel: channel(client, parameters)?,
        max_age: max_age.map(|seconds| Duration::from_secs(seconds.into())),
        // Not every identity provider looks at `max_age`, so people are asked anew. What counts is when it says they were.
        prompt: match (max_age, prompt) {
            (Some(_), prompt) if prompt.as_deref() != Some("none") => Some("login".to_owned()),
            (_, prompt) => prompt,
        },
        login_hint: bounded("login_hint", LONGEST_HINT)?,
        purpose: Purpose::Anybody,
    })
}

/// What is granted of the scopes that an app asks for. Others are left out (RFC 6749 §3.3), and the app is told with its
/// tokens.
fn granted(asked: &str) -> String {
    let is_asked = |scope: &&str| asked.split(' ').any(|one| one == *scope);
    SCOPES.into_iter().filter(is_asked).collect::<Vec<_>>().join(" ")
}

/// What the identity provider is to do. An app may want several things at once; Entra ID takes one (AADSTS90023), so it is
/// the one that asks most of the person.
fn prompt(asked: Option<String>) -> Result<Option<String>, Wrong> {
    let Some(asked) = asked else { return Ok(None) };
    let asked: Vec<&str> = asked.split(' ').filter(|one| !one.is_empty()).collect();
    if asked.iter().any(|one| !PROMPTS.contains(one)) {
        return Err(Wrong::invalid("prompt must be none, login, consent or select_account"));
    }
    if asked.len() > 1 && asked.contains(&"none") {
        return Err(Wrong::invalid("prompt none goes with no other"));
    }
    let most = PROMPTS.into_iter().find(|one| asked.contains(one));
    Ok(most.map(str::to_owned))
}

/// Whom an app means that hands back an ID token of its own (OpenID Connect Core §3.1.2.1). That the token has expired is no
/// matter.
async fn meant(state: &Inner, client: &SsoClient, hint: &str) -> Result<Result<ResourceId, Wrong>, Fault> {
    let keys = state.keys.get(state.now()).await;
    let keys = keys.map_err(|error| Fault::broken("the keys", &error))?;
    let hint = match read_id_token_hint(hint, &state.issuer, &keys.public) {
        Ok(hint) => hint,
        Err(error) => return Ok(Err(Wrong::invalid(error.to_string()))),
    };
    if hint.aud != client.id.to_string() {
        return Ok(Err(Wrong::invalid("id_token_hint is of another app")));
    }
    let person = hint.sub.parse();
    Ok(person.map_err(|_| Wrong::invalid("id_token_hint names nobody of a directory")))
}

/// The PKCE challenge: S256 only, and demanded of public apps (RFC 7636, RFC 9700 §2.1.1).
fn challenge(client: &SsoClient, parameters: &Parameters) -> Result<Option<String>, Wrong> {
    let challenge = parameters.get("code_challenge");
    let method = parameters.get("code_challenge_method");
    match (challenge, method) {
        (Some(challenge), Some("S256")) => match CodeChallenge::parse(challenge) {
            Ok(challenge) => Ok(Some(challenge.as_str().to_owned())),
            Err(error) => Err(Wrong::invalid(format!("code_challenge: {error}"))),
        },
        (Some(_), _) => Err(Wrong::invalid("code_challenge_method must be S256")),
        (None, Some(_)) => Err(Wrong::invalid("code_challenge is missing")),
        (None, None) if client.authentication == ClientAuthentication::None => Err(Wrong::invalid(
            "code_challenge is missing: an app without a secret must use PKCE",
        )),
        (None, None) => Ok(None),
    }
}

/// What kind of app it is: where it was registered to run. The request comes by the person's browser, where it can be changed,
/// so what it says of the channel can only agree.
fn channel(client: &SsoClient, parameters: &Parameters) -> Result<LoginChannel, Wrong> {
    let channel = match client.application_type {
        ApplicationType::Web => LoginChannel::Web,
        ApplicationType::Native => LoginChannel::App,
    };
    match parameters.get("channel") {
        None => Ok(channel),
        Some(said) if said == channel.as_str() => Ok(channel),
        Some("app" | "web") => Err(Wrong::invalid(format!(
            "channel must be {}: this app is registered with application_type {}",
            channel.as_str(),
            client.application_type.as_str()
        ))),
        Some(_) => Err(Wrong::invalid("channel must be app or web")),
    }
}

/// Begins a login that tests a connection: for no app, and always with the choice of an account.
///
/// # Errors
/// As the store, and where the identity provider is not known.
pub(crate) async fn begin_test(
    state: &Inner,
    connection: &Connection,
    purpose: Purpose,
) -> Result<HttpResponse, Fault> {
    let asked = Request {
        client_state: String::new(),
        nonce: None,
        scope: "openid".to_owned(),
        challenge: None,
        channel: LoginChannel::App,
        max_age: None,
        prompt: Some("select_account".to_owned()),
        login_hint: None,
        purpose,
    };
    begin(state, None, connection, "", asked).await
}

/// Begins a login and sends the browser to the identity provider. Without an app it is a test.
async fn begin(
    state: &Inner,
    client: Option<SsoClientId>,
    connection: &Connection,
    redirect_uri: &str,
    asked: Request,
) -> Result<HttpResponse, Fault> {
    match upstream::metadata(state, connection, state.now()).await {
        Ok(provider) => send_on(state, client, connection, &provider, redirect_uri, asked).await,
        Err(error) => {
            tracing::warn!(connection = %connection.id, error = %telemetry::chain(&error), "an identity provider cannot be asked");
            let detail = telemetry::chain(&error).to_string();
            if client.is_none() {
                return Err(Fault::BadRequest(detail));
            }
            note_connection(state, connection, Some(&detail)).await;
            let parameters = [
                ("error", "temporarily_unavailable"),
                (
                    "error_description",
                    "the identity provider cannot be reached at the moment",
                ),
                ("state", asked.client_state.as_str()),
            ];
            Ok(send_back(&state.issuer, redirect_uri, &parameters))
        }
    }
}

/// Notes a login and sends the browser to the identity provider.
async fn send_on(
    state: &Inner,
    client: Option<SsoClientId>,
    connection: &Connection,
    provider: &ProviderMetadata,
    redirect_uri: &str,
    asked: Request,
) -> Result<HttpResponse, Fault> {
    let now = state.now();
    let id = SsoLoginId::new();
    let (token, hash) = Token::mint(TokenKind::SsoLogin, id.uuid());
    let secret = BrowserSecret::random(asked.purpose);
    let login = SsoLogin {
        id,
        state_hash: *hash.as_bytes(),
        browser_hash: secret.hash(),
        connection_id: connection.id,
        client_id: client,
        redirect_uri: redirect_uri.to_owned(),
        client_state: asked.client_state,
        client_nonce: asked.nonce,
        scope: asked.scope,
        code_challenge: asked.challenge,
        channel: asked.channel,
        max_age: asked.max_age,
        created_at: now,
        expires_at: now.plus(state.config.login),
        traceparent: telemetry::traceparent(),
    };
    state.store.sso_logins().begin(&login).await?;
    let callback = upstream::redirect_uri(state, connection);
    let (nonce, challenge) = (secret.nonce(), secret.verifier().challenge());
    let mut url = Url::parse(&provider.authorization_endpoint)
        .map_err(|error| Fault::broken("the address of the identity provider", &error))?;
    {
        // An answer by a form keeps the code out of addresses and logs; browsers bring the cookie with it over TLS only.
        let mode = if state.is_secure() { "form_post" } else { "query" };
        let mut query = url.query_pairs_mut();
        query
            .append_pair("client_id", &connection.client_id)
            .append_pair("response_type", "code")
            .append_pair("response_mode", mode)
            .append_pair("redirect_uri", &callback)
            .append_pair("scope", "openid profile email")
            .append_pair("state", token.expose_secret())
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        if let Some(hint) = &asked.login_hint {
            query.append_pair("login_hint", hint);
        }
        // The identity provider refuses the two together.
        let prompt = asked
            .prompt
            .filter(|prompt| prompt != "select_account" || asked.login_hint.is_none());
        if let Some(prompt) = &prompt {
            query.append_pair("prompt", prompt);
        }
        if let Some(most) = asked.max_age {
            query.append_pair("max_age", &most.as_secs().to_string());
        }
    }
    metrics::counter!("rollcall_sso_logins_begun_total").increment(1);
    let mut response = redirect(url.as_str());
    response
        .add_cookie(&secret.cookie(state, id, state.config.login))
        .map_err(|error| Fault::broken("the cookie of a login", &error))?;
    Ok(response)
}

#[derive(Template)]
#[template(path = "realm.html")]
struct RealmPage<'a> {
    app: &'a str,
    kept: Vec<(&'static str, &'a str)>,
    hint: &'a str,
    error: &'a str,
}

/// What the page hands on.
const KEPT: [&str; 12] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "state",
    "nonce",
    "scope",
    "code_challenge",
    "code_challenge_method",
    "channel",
    "prompt",
    "max_age",
    "id_token_hint",
];

/// Asks who somebody is, to find the company's identity provider.
fn ask(client: &SsoClient, parameters: &Parameters, error: &str) -> Result<HttpResponse, Fault> {
    let kept = KEPT.into_iter().filter_map(|name| Some((name, parameters.get(name)?)));
    let body = RealmPage {
        app: &client.name,
        kept: kept.collect(),
        hint: parameters.get("login_hint").unwrap_or_default(),
        error,
    };
    page(StatusCode::OK, "Log in", body).map_err(|error| Fault::broken("a page", &error))
}
