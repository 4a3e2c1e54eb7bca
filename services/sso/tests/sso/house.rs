//! A directory whose people log in to apps by an identity provider, each step of it by HTTP.

use crate::world::{Answer, Receiver, World, answer, config, token_endpoint};
use actix_http::Request;
use actix_web::Error;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, COOKIE};
use actix_web::test::TestRequest;
use events::{ConnectionId, DirectoryId, OrganizationId, ResourceId, StoredResource, Timestamp, lane_of};
use oidc::AuthorityRules;
use scim::schema::ResourceType;
use serde_json::{Value, json};
use sso::Config;
use store::testing::insert_users;
use store::{
    ClientAuthentication, Connection, ConnectionCredential, ConnectionState, Dialect, ListPage, NewDirectory,
    NewOrganization, SealedColumn, SealedCredential, SsoSession,
};
use system::identity_provider::{APPLICATION, CHALLENGE, CLIENT_SECRET, IdentityProvider, VERIFIER};
use url::{Url, form_urlencoded};
use uuid::Uuid;
use webhooks::{Guard, Rules};

/// Where apps wait: on the person's own machine, so that everybody may log in to them.
pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1/cb";
/// Lanes of [`World::start`].
pub(crate) const LANES: u16 = 2;
/// Who is in the directory.
pub(crate) const ADA: &str = "ada@contoso.example";
pub(crate) const BO: &str = "bo@contoso.example";

pub(crate) struct House {
    pub(crate) world: World,
    pub(crate) provider: IdentityProvider,
    pub(crate) directory: DirectoryId,
    pub(crate) organization: OrganizationId,
    pub(crate) connection: ConnectionId,
    pub(crate) ada: ResourceId,
    pub(crate) bo: ResourceId,
    pub(crate) app: Receiver,
}

/// A login that was sent on to the identity provider.
pub(crate) struct Begun {
    pub(crate) sent_to: String,
    cookie: String,
}

impl House {
    /// A directory with two people and a connection by which they log in.
    pub(crate) async fn new(dialect: Dialect) -> Self {
        let world = World::new(dialect).await;
        let provider = IdentityProvider::start();
        let (organization, directory, connection) = (OrganizationId::new(), DirectoryId::new(), ConnectionId::new());
        let at = Timestamp::now();
        let lane = lane_of(directory, LANES);
        let change = world.db.store.change(Some(lane)).await.unwrap();
        let made = NewOrganization {
            id: organization,
            name: "Contoso".into(),
            domains: vec![],
            at,
        };
        change.create_organization(&made).await.unwrap();
        let made = NewDirectory {
            id: directory,
            organization_id: organization,
            name: "Entra".into(),
            provider: "entra_id".into(),
            at,
        };
        change.create_directory(&made, lane).await.unwrap();
        let context = SealedColumn::ConnectionClientSecret.context(&connection);
        let credential = SealedCredential {
            client_secret: Some(world.master_key.seal(CLIENT_SECRET.as_bytes(), &context)),
            ..SealedCredential::default()
        };
        let entered = Connection {
            id: connection,
            organization_id: organization,
            directory_id: directory,
            name: "Entra".to_owned(),
            state: ConnectionState::Active,
            slug: "contoso".to_owned(),
            authority: provider.entered(),
            expected_issuer: None,
            metadata: None,
            metadata_at: None,
            client_id: APPLICATION.to_owned(),
            user_name_claim: "upn".to_owned(),
            credential: ConnectionCredential::ClientSecret,
            credential_expires_at: None,
            certificate: None,
            assertion_form: "ps256".to_owned(),
            allows_guests: false,
            test_accounts: json!([ADA]).to_string(),
            last_error: None,
            failing_since: None,
            tested_at: None,
            last_test: None,
            created_at: at,
            updated_at: at,
        };
        change.create_connection(&entered, credential).await.unwrap();
        change.commit().await.unwrap();
        let app = world.receiver().await;
        let mut house = Self {
            ada: ResourceId::new(),
            bo: ResourceId::new(),
            world,
            provider,
            directory,
            organization,
            connection,
            app,
        };
        house.ada = house.person(ADA).await;
        house.bo = house.person(BO).await;
        house
    }

    /// As in production, but for addresses: the identity provider is on this machine.
    pub(crate) fn config(&self) -> Config {
        Config {
            guard: Guard::new(Rules::private()),
            authorities: AuthorityRules::new(vec![self.provider.authority.parse().unwrap()]),
            ..config()
        }
    }

    /// Somebody who is put into the directory.
    pub(crate) async fn person(&self, user_name: &str) -> ResourceId {
        let at = Timestamp::now();
        let attributes = json!({ "userName": user_name, "active": true, "displayName": user_name });
        let person = StoredResource {
            id: ResourceId::new(),
            version: 1,
            created_at: at,
            updated_at: at,
            attributes: attributes.as_object().unwrap().clone(),
            groups: Vec::new(),
            members: None,
        };
        let people = [person];
        insert_users(&self.world.db.store, self.directory, ResourceType::user(), &people)
            .await
            .unwrap();
        people[0].id
    }

    /// Nobody but the database knows yet that people are active, or that they are not.
    pub(crate) async fn set_active(&self, is_active: bool) {
        let (old, new) = (format!("\"active\":{}", !is_active), format!("\"active\":{is_active}"));
        let sql = format!("UPDATE users SET active = {is_active}, resource = replace(resource, '{old}', '{new}')");
        self.world.db.execute(&sql).await;
    }

    /// What an app asks for; `more` replaces what has the same name, and takes it away where it is empty.
    pub(crate) fn asked(&self, app: &Receiver, more: &[(&str, &str)]) -> String {
        let (id, connection) = (app.id.to_string(), self.connection.to_string());
        let usual = [
            ("client_id", id.as_str()),
            ("redirect_uri", REDIRECT_URI),
            ("response_type", "code"),
            ("scope", "openid profile offline_access"),
            ("state", "state"),
            ("connection", connection.as_str()),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let usual = usual
            .iter()
            .filter(|(name, _)| more.iter().all(|(other, _)| other != name));
        let fields = usual.chain(more).filter(|(_, value)| !value.is_empty());
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        format!("/sso/authorize?{query}")
    }

    /// The app sends somebody; where they are sent on to.
    pub(crate) async fn begin<S>(&self, sso: &S, app: &Receiver, more: &[(&str, &str)]) -> Begun
    where
        S: Service<Request, Response = ServiceResponse, Error = Error>,
    {
        begun(&get(sso, &self.asked(app, more), None).await)
    }

    /// Somebody logs in, and comes back.
    pub(crate) async fn log_in<S>(&self, sso: &S, begun: &Begun, user_name: &str, object: Uuid) -> Answer
    where
        S: Service<Request, Response = ServiceResponse, Error = Error>,
    {
        come_back(sso, begun, &self.provider.log_in(&begun.sent_to, user_name, object)).await
    }

    /// The code of somebody who logs in to an app.
    pub(crate) async fn code<S>(&self, sso: &S, user_name: &str, object: Uuid) -> String
    where
        S: Service<Request, Response = ServiceResponse, Error = Error>,
    {
        let begun = self.begin(sso, &self.app, &[]).await;
        let came = self.log_in(sso, &begun, user_name, object).await;
        said(&came, "code").unwrap_or_else(|| panic!("{came:?}"))
    }

    /// The tokens of somebody who logs in to an app.
    pub(crate) async fn tokens<S>(&self, sso: &S, user_name: &str, object: Uuid) -> Value
    where
        S: Service<Request, Response = ServiceResponse, Error = Error>,
    {
        let code = self.code(sso, user_name, object).await;
        let answer = token_endpoint(sso, Some(&self.app), &redemption(&code)).await;
        answer.expect(StatusCode::OK)
    }

    /// The sessions of people who came by the connection, newest first.
    pub(crate) async fn sessions(&self) -> Vec<SsoSession> {
        let page = ListPage {
            limit: 100,
            cursor: None,
        };
        let sessions = self.world.db.store.sso_sessions();
        sessions.list(self.connection, &page).await.unwrap().data
    }

    pub(crate) async fn stop(self) {
        self.world.stop().await;
        self.provider.stop().await;
    }
}

impl Begun {
    /// What the identity provider is asked.
    pub(crate) fn asks(&self, name: &str) -> Option<String> {
        parameter(&self.sent_to, name)
    }

    /// The same in a browser that has only so many characters of the cookie's value.
    pub(crate) fn with_cookie_cut_to(&self, characters: usize) -> Self {
        let (name, value) = self.cookie.split_once('=').unwrap();
        Self {
            sent_to: self.sent_to.clone(),
            cookie: format!("{name}={}", &value[..characters]),
        }
    }
}

/// A login that an answer begins.
pub(crate) fn begun(answer: &Answer) -> Begun {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:?}");
    let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    let sent_to = answer.header("location").to_owned();
    Begun { sent_to, cookie }
}

/// Somebody comes back from the identity provider by this address.
pub(crate) async fn come_back<S>(sso: &S, begun: &Begun, back: &str) -> Answer
where
    S: Service<Request, Response = ServiceResponse, Error = Error>,
{
    let back = Url::parse(back).unwrap();
    let path = format!("{}?{}", back.path(), back.query().unwrap());
    get(sso, &path, Some(&begun.cookie)).await
}

pub(crate) async fn get<S>(sso: &S, path: &str, cookie: Option<&str>) -> Answer
where
    S: Service<Request, Response = ServiceResponse, Error = Error>,
{
    let request = TestRequest::get().uri(path);
    let request = match cookie {
        Some(cookie) => request.insert_header((COOKIE, cookie)),
        None => request,
    };
    answer(sso, request).await
}

/// Whether an access token opens userinfo.
pub(crate) async fn opens<S>(sso: &S, tokens: &Value) -> bool
where
    S: Service<Request, Response = ServiceResponse, Error = Error>,
{
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let request = TestRequest::get()
        .uri("/sso/userinfo")
        .insert_header((AUTHORIZATION, bearer));
    answer(sso, request).await.status == StatusCode::OK
}

/// The form by which an app redeems a code.
pub(crate) fn redemption(code: &str) -> String {
    form(&[
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ])
}

pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

/// What an answer that sends somebody back to the app says by a parameter.
pub(crate) fn said(answer: &Answer, name: &str) -> Option<String> {
    let location = answer.header("location");
    assert!(location.starts_with(REDIRECT_URI), "{answer:?}");
    parameter(location, name)
}

fn parameter(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).unwrap();
    let found = url.query_pairs().find(|(known, _)| known == name);
    found.map(|(_, value)| value.into_owned())
}

/// An app that anybody has, without a secret.
pub(crate) async fn public_app(world: &World) -> Receiver {
    world.app(ClientAuthentication::None, None).await
}
