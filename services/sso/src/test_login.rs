//! A login that tests a connection: somebody whom an administrator named logs in at the identity provider, and sees what it
//! said of them and what would have come of it. Nothing is bound, no session begins, and nobody else sees anything.
//!
//! Anybody may begin one, who knows the address. What came of it is noted only where an administrator began it, by a link that
//! the management API gave out with a ticket: a stranger must not overwrite what the administrators look at.

use crate::authorize;
use crate::fault::{Fault, page};
use crate::matching::{self, MatchError};
use crate::parameters::Parameters;
use crate::refusal::Refusal;
use crate::state::{Inner, State};
use crate::transaction::{BrowserSecret, Purpose};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use events::Timestamp;
use oidc::IdTokenClaims;
use secrets::{SessionClaims, SessionTokenUse};
use store::{Connection, ConnectionState, ConnectionTest, LoginChannel, TestDecision};

/// Claims that say when and for what a token was made, and nothing of the person.
const OF_THE_TOKEN: [&str; 9] = ["iat", "exp", "nbf", "aud", "nonce", "rh", "uti", "aio", "at_hash"];
/// The longest value of a claim that is shown, in characters.
const LONGEST_CLAIM: usize = 500;

/// `/sso/{slug}/test`: sends somebody to the identity provider.
pub(crate) async fn begin(state: Data<State>, request: HttpRequest, slug: Path<String>) -> Result<HttpResponse, Fault> {
    state.pass_address(&request).map_err(Fault::TooMany)?;
    let connection = state.store.connections().by_slug(&slug).await?;
    let connection = connection.filter(may_be_tested);
    let connection = connection.ok_or(Fault::LoginLost("no_connection"))?;
    let parameters = Parameters::read(request.query_string().as_bytes());
    let parameters = parameters.map_err(|error| Fault::BadRequest(error.to_string()))?;
    let purpose = match parameters.get("ticket") {
        None => Purpose::Anybody,
        Some(ticket) if is_ticket_of(&state, &connection, ticket) => Purpose::NotedTest,
        Some(_) => return Err(Fault::OldTest),
    };
    authorize::begin_test(&state, &connection, purpose).await
}

/// Whether the management API gave this ticket out for tests of a connection as it is.
fn is_ticket_of(state: &Inner, connection: &Connection, ticket: &str) -> bool {
    let good = SessionClaims::of_test(connection.id.uuid(), connection.updated_at.millis());
    state.tokens.verify(SessionTokenUse::Test, ticket, state.now().millis()) == Some(good)
}

/// Whether a connection may be tested: unless it is paused, also before people log in by it.
pub(crate) fn may_be_tested(connection: &Connection) -> bool {
    connection.state != ConnectionState::Paused
}

/// What would have come of a login to one kind of app.
struct Decision {
    /// `None` for any kind.
    of: Option<LoginChannel>,
    channel: &'static str,
    /// Empty where the person gets in.
    code: String,
    detail: String,
    /// Who it is in the directory.
    name: String,
}

#[derive(Template)]
#[template(path = "tested.html")]
struct TestedPage {
    connection: String,
    /// Whether an administrator named the account.
    is_named: bool,
    /// Whether what came of it is noted.
    is_noted: bool,
    decisions: Vec<Decision>,
    claims: Vec<(String, String)>,
}

/// What the person sees who came back from the identity provider.
pub(crate) async fn result(
    state: &Inner,
    connection: &Connection,
    claims: Result<IdTokenClaims, Refusal>,
    secret: &BrowserSecret,
    now: Timestamp,
) -> Result<HttpResponse, Fault> {
    let mut shown = TestedPage {
        connection: connection.name.clone(),
        is_named: true,
        is_noted: secret.purpose == Purpose::NotedTest,
        decisions: Vec::new(),
        claims: Vec::new(),
    };
    match claims {
        Ok(claims) => {
            shown.is_named = is_named(connection, &claims);
            if shown.is_named {
                for (channel, named) in [(LoginChannel::App, "On a device"), (LoginChannel::Web, "On the web")] {
                    shown
                        .decisions
                        .push(decide(state, connection, &claims, channel, named, now).await?);
                }
                shown.claims = of_person(&claims);
            }
        }
        Err(refusal) => shown.decisions.push(refused(None, "Any", &refusal)),
    }
    if shown.is_noted {
        let test = noted(&shown, now);
        state.store.connections().note_test(connection.id, &test).await?;
    }
    page(StatusCode::OK, "Test login", shown).map_err(|error| Fault::broken("a page", &error))
}

/// What is kept of it, for whoever set the connection up: of the person nothing.
fn noted(shown: &TestedPage, now: Timestamp) -> ConnectionTest {
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let mut decisions: Vec<_> = shown
        .decisions
        .iter()
        .map(|decision| TestDecision {
            channel: decision.of.map(|channel| channel.as_str().to_owned()),
            code: text(&decision.code),
            detail: text(&decision.detail),
        })
        .collect();
    if !shown.is_named {
        decisions.push(TestDecision {
            channel: None,
            code: Some("no_test_account".to_owned()),
            detail: Some(
                "Somebody logged in with an account that is not one of the test accounts. Name it, or use another."
                    .to_owned(),
            ),
        });
    }
    ConnectionTest { at: now, decisions }
}

/// Whether the account is among the test accounts of the connection.
fn is_named(connection: &Connection, claims: &IdTokenClaims) -> bool {
    let accounts: Vec<String> = serde_json::from_str(&connection.test_accounts).unwrap_or_default();
    let names = [&connection.user_name_claim, "upn", "preferred_username"];
    let own = names.into_iter().filter_map(|name| claims.raw.get(name)?.as_str());
    own.into_iter()
        .any(|own| accounts.iter().any(|account| account.eq_ignore_ascii_case(own)))
}

async fn decide(
    state: &Inner,
    connection: &Connection,
    claims: &IdTokenClaims,
    channel: LoginChannel,
    named: &'static str,
    now: Timestamp,
) -> Result<Decision, Fault> {
    match matching::find(state, connection, claims, channel, false, now).await {
        Ok(matched) => Ok(Decision {
            of: Some(channel),
            channel: named,
            code: String::new(),
            detail: String::new(),
            name: matched.person.user_name().unwrap_or_default().to_owned(),
        }),
        Err(MatchError::Refused(refusal)) => Ok(refused(Some(channel), named, &refusal)),
        Err(MatchError::Store(error)) => Err(error.into()),
    }
}

fn refused(of: Option<LoginChannel>, channel: &'static str, refusal: &Refusal) -> Decision {
    Decision {
        of,
        channel,
        code: refusal.code(),
        detail: refusal.detail(),
        name: String::new(),
    }
}

/// The claims that say something of the person.
fn of_person(claims: &IdTokenClaims) -> Vec<(String, String)> {
    let is_of_person = |name: &str| !OF_THE_TOKEN.contains(&name);
    let text = |value: &serde_json::Value| match value.as_str() {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    };
    let claims = claims.raw.iter().filter(|(name, _)| is_of_person(name));
    claims
        .map(|(name, value)| (name.clone(), text(value).chars().take(LONGEST_CLAIM).collect()))
        .collect()
}
