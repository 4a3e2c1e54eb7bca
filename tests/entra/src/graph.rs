//! Microsoft Graph: who asks, whether they may, and who answers.
//!
//! Answers are values: requests in a batch are answered by the same functions, and only the server sends.

pub(crate) mod answer;
mod batch;
pub(crate) mod budget;
mod deleted;
mod delta;
mod fault;
mod groups;
mod list;
mod objects;
mod principals;
pub(crate) mod query;
pub(crate) mod subscriptions;
mod users;

use crate::attributes::Kind;
use crate::clock::Moment;
use crate::manners::{Request, Rule};
use crate::tenant::State;
use crate::world::{World, lock};
use answer::{Answer, Delivery};
use budget::Bucket;
use query::Query;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// An access token, which is sealed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Bearer {
    pub(crate) tenant: Uuid,
    pub(crate) app: Uuid,
    pub(crate) roles: Vec<String>,
    pub(crate) ends: Moment,
}

/// What access tokens are sealed for.
pub(crate) const BEARER: &str = "access token";

/// A request as it came, with the path below `/v1.0`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) bearer: Option<String>,
    pub(crate) prefer: String,
    pub(crate) consistency: String,
    pub(crate) client_request_id: String,
    pub(crate) body: Value,
    /// Whether the URLs in it have proved that they want to be notified.
    pub(crate) is_validated: bool,
}

/// A request of an app that is known, to a tenant that is at hand.
pub(crate) struct Call<'a> {
    pub(crate) world: &'a World,
    pub(crate) state: &'a mut State,
    pub(crate) now: Moment,
    pub(crate) bearer: &'a Bearer,
    pub(crate) asked: &'a Asked,
    pub(crate) query: Query,
    /// Until when the client was asked to wait, and where.
    pub(crate) waits: Vec<(String, Moment)>,
}

/// Permissions of which one is enough, by what is read.
const USERS: &[&str] = &[
    "User.Read.All",
    "Directory.Read.All",
    "User.ReadWrite.All",
    "Directory.ReadWrite.All",
];
const GROUPS: &[&str] = &[
    "GroupMember.Read.All",
    "Group.Read.All",
    "Directory.Read.All",
    "Group.ReadWrite.All",
    "Directory.ReadWrite.All",
];
const DELETED_GROUPS: &[&str] = &[
    "Group.Read.All",
    "Directory.Read.All",
    "Group.ReadWrite.All",
    "Directory.ReadWrite.All",
];
const APPS: &[&str] = &[
    "Application.Read.All",
    "Directory.Read.All",
    "Application.ReadWrite.All",
    "Directory.ReadWrite.All",
];

/// Answers a request.
pub(crate) fn answer(world: &World, asked: &Asked) -> Answer {
    let now = world.clock.now();
    let request_id = world.guid("request");
    if asked.client_request_id.is_empty() {
        lock(&world.manners).broke(Rule::NoRequestId);
    }
    let (answer, bearer) = match authenticated(world, asked, now) {
        Ok(bearer) => (answer_to(world, asked, &bearer, now), Some(bearer)),
        Err(answer) => (answer, None),
    };
    if matches!(answer.delivery, Delivery::Validate(_)) {
        return answer;
    }
    lock(&world.manners).note(Request {
        at: now,
        method: asked.method.clone(),
        path: format!("/v1.0{}", asked.path),
        tenant: bearer.as_ref().map(|bearer| bearer.tenant),
        app: bearer.as_ref().map(|bearer| bearer.app),
        status: answer.status,
    });
    answer.signed(request_id, &asked.client_request_id, now)
}

fn authenticated(world: &World, asked: &Asked, now: Moment) -> Result<Bearer, Answer> {
    let refused = |message: &str| {
        Answer::error(401, "InvalidAuthenticationToken", message).with("WWW-Authenticate", "Bearer realm=\"\"")
    };
    let sent = asked
        .bearer
        .as_deref()
        .ok_or_else(|| refused("Access token is empty."))?;
    let bearer: Bearer = world
        .seal
        .open(BEARER, sent)
        .ok_or_else(|| refused("IDX14100: JWT is not well formed."))?;
    if bearer.ends <= now {
        lock(&world.manners).broke(Rule::TokenExpired);
        return Err(refused("Lifetime validation failed, the token is expired."));
    }
    Ok(bearer)
}

fn answer_to(world: &World, asked: &Asked, bearer: &Bearer, now: Moment) -> Answer {
    let Some(tenant) = world.tenant(bearer.tenant) else {
        return Answer::error(401, "InvalidAuthenticationToken", "The tenant of the token is gone.");
    };
    let mut state = lock(&tenant);
    state.empty_bin(now);
    let mut call = Call {
        world,
        state: &mut state,
        now,
        bearer,
        query: Query::parse(&asked.query),
        asked,
        waits: Vec::new(),
    };
    let answer = if asked.path == "/$batch" {
        batch::answer(&mut call)
    } else {
        call.single()
    };
    let waits = std::mem::take(&mut call.waits);
    drop(state);
    let mut manners = lock(&world.manners);
    for (path, until) in waits {
        manners.wait(bearer.tenant, bearer.app, &path, until);
    }
    answer
}

impl Call<'_> {
    /// Answers a request that is no batch: with what a test wants to go wrong, or if there are units left, by what it asks for.
    pub(crate) fn single(&mut self) -> Answer {
        self.state.served += 1;
        let (tenant, app) = (self.bearer.tenant, self.bearer.app);
        lock(&self.world.manners).asked(tenant, app, &self.asked.path, self.now);
        let dice = [self.state.seed, self.state.served];
        let action = self.state.faults.strike(&self.asked.path, &self.asked.query, dice);
        let charge = self.charge();
        if let Some((answer, seconds)) = charge.refusal(app, tenant) {
            self.wait("/", seconds);
            return charge.headers(answer);
        }
        let answer = match action {
            Some(action) => self.strike(action),
            None => self.route(),
        };
        charge.headers(answer)
    }

    fn charge(&mut self) -> budget::Charge {
        let units = budget::cost(&self.asked.method, &self.asked.path, &self.query);
        let limit = self
            .state
            .behaviour
            .budget
            .unwrap_or_else(|| budget::limit(self.state.users));
        let bucket = self
            .state
            .buckets
            .entry(self.bearer.app)
            .or_insert(Bucket::new(self.now));
        bucket.charge(units, limit, self.now)
    }

    pub(crate) fn wait(&mut self, path: &str, seconds: u64) {
        let until = self.now.plus(std::time::Duration::from_secs(seconds));
        self.waits.push((path.to_owned(), until));
    }

    pub(crate) fn broke(&self, rule: Rule) {
        lock(&self.world.manners).broke(rule);
    }

    /// Answers by path and method.
    pub(crate) fn route(&mut self) -> Answer {
        let path = self.asked.path.clone();
        let segments: Vec<&str> = path.trim_start_matches('/').trim_end_matches('/').split('/').collect();
        let answer = match (self.asked.method.as_str(), segments.as_slice()) {
            ("GET", ["users", function]) if is_delta(function) => delta::answer(self, Kind::User),
            ("GET", ["groups", function]) if is_delta(function) => delta::answer(self, Kind::Group),
            ("GET", ["users"]) => users::list(self),
            ("GET", ["users", id]) => users::get(self, id),
            ("GET", ["users", id, "manager"]) => users::manager(self, id),
            ("GET", ["groups"]) => groups::list(self),
            ("GET", ["groups", id]) => groups::get(self, id),
            ("GET", ["groups", id, "members"]) => groups::members(self, id, None, false),
            ("GET", ["groups", id, "members", cast]) => groups::members(self, id, Some(cast), false),
            ("GET", ["groups", id, "transitiveMembers"]) => groups::members(self, id, None, true),
            ("GET", ["groups", id, "transitiveMembers", cast]) => groups::members(self, id, Some(cast), true),
            ("GET", ["servicePrincipals"]) => principals::list(self),
            ("GET", ["servicePrincipals", id, "appRoleAssignedTo"]) => principals::assigned(self, Some(id)),
            ("GET", ["servicePrincipals", id]) => principals::get(self, Some(id)),
            ("GET", [id, "appRoleAssignedTo"]) => principals::assigned(self, principals::by_app(id)),
            ("GET", [id]) if principals::by_app(id).is_some() => principals::get(self, principals::by_app(id)),
            ("GET", ["directory", "deletedItems"]) => {
                Err(Answer::bad("A type must be given, as microsoft.graph.user."))
            }
            ("GET", ["directory", "deletedItems", id]) => deleted::answer(self, id),
            ("POST", ["directoryObjects", "getByIds"]) => objects::by_ids(self),
            ("GET", ["directoryObjects", id]) => objects::get(self, id),
            (method, ["subscriptions", rest @ ..]) => subscriptions::answer(self, method, rest),
            _ => Err(Answer::error(
                400,
                "BadRequest",
                &format!(
                    "Resource not found for the segment '{}'.",
                    segments.first().unwrap_or(&"")
                ),
            )),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }

    /// Whether the app may read that.
    pub(crate) fn permit(&self, one_of: &[&str]) -> Result<(), Answer> {
        if self.bearer.roles.iter().any(|role| one_of.contains(&role.as_str())) {
            return Ok(());
        }
        Err(Answer::error(
            403,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        ))
    }

    /// That there is no such object; noted if another tenant has it.
    pub(crate) fn nobody(&self, id: &str) -> Answer {
        if let Ok(id) = id.parse::<Uuid>() {
            let has = |state: &State| state.by_id.contains_key(&id);
            let others = self
                .world
                .tenants()
                .into_iter()
                .filter(|(tenant, _)| *tenant != self.bearer.tenant);
            // Whoever is busy is left out, since two that look at each other would wait for ever.
            if others
                .into_iter()
                .any(|(_, state)| state.try_lock().is_ok_and(|state| has(&state)))
            {
                self.broke(Rule::ObjectOfAnotherTenant);
            }
        }
        Answer::no_resource(id)
    }
}

fn is_delta(function: &str) -> bool {
    matches!(
        function,
        "delta" | "delta()" | "microsoft.graph.delta" | "microsoft.graph.delta()"
    )
}
