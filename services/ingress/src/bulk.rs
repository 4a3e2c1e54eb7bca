//! `POST /Bulk` (R46–R49): many changes in one request, each a command of its own.
//!
//! The order of the operations is kept, because the lane keeps the order of commands: as many are sent as may be without
//! knowing how those before them went, and their verdicts come together, from one commit or two. Whatever refers to
//! another operation waits for that one's verdict, and `failOnErrors` bounds how many are under way: never one that would
//! not have been tried, had all of them failed.

use crate::answer;
use crate::config::Config;
use crate::context::{ScimContext, id_of};
use crate::exchange::{PendingAnswer, send};
use crate::failure::Failure;
use crate::render;
use crate::write;
use actix_web::HttpResponse;
use actix_web::web::Payload;
use events::{Command, ResourceId, ResourceKind, Verb};
use scim::bulk::{
    Action, BulkEndpoint, BulkOperation, BulkRequest, BulkStep, Method, OperationResult, ResolvedOperation,
};
use scim::resource::{etag, parse_etags};
use scim::urn;
use serde_json::{Value, json};

/// `POST /Bulk`.
pub(crate) async fn bulk(context: ScimContext, payload: Payload) -> Result<HttpResponse, Failure> {
    let body = context.json(payload).await;
    let body = body.map_err(|failure| too_large(failure, &context.config))?;
    run(&context, body).await
}

/// The refusal of a body that is too large names the limit that `/ServiceProviderConfig` tells (R49).
fn too_large(failure: Failure, config: &Config) -> Failure {
    match failure {
        Failure::Refused(error) if error.status == 413 => {
            let mut error = scim::bulk::payload_too_large(config.max_body);
            error
                .detail
                .push_str("; the operator of this server sets the limit as ROLLCALL_MAX_BODY");
            error.into()
        }
        other => other,
    }
}

/// Does what the request asks; 200 even where operations failed.
async fn run(context: &ScimContext, body: Value) -> Result<HttpResponse, Failure> {
    write::refuse_paused(context)?;
    let request = BulkRequest::parse(body)?;
    let more = request.operations.len().saturating_sub(1);
    context
        .rates
        .charge(context.directory_id(), context.policy.rate_limit, more);
    let resources: Vec<ResourceId> = request.operations.iter().map(|_| ResourceId::new()).collect();
    let mut run = Run {
        context,
        request: &request,
        ids: resources.iter().map(ToString::to_string).collect(),
        results: request.operations.iter().map(|_| None).collect(),
        failures: 0,
        has_changed: false,
        under_way: Vec::new(),
        outage: None,
    };
    for step in request.steps() {
        match step {
            BulkStep::Run { operation, without } => {
                if run.must_wait_before(operation) {
                    run.wait().await?;
                }
                if !run.is_over() {
                    run.begin(operation, &without).await;
                }
            }
            BulkStep::Join { group, member } => {
                run.wait().await?;
                run.join(group, member).await;
            }
        }
    }
    run.wait().await?;
    Ok(answer::json(200, &run.answer()))
}

/// A bulk request half done.
struct Run<'a> {
    context: &'a ScimContext,
    request: &'a BulkRequest,
    /// The id that each operation will have created; only those of POSTs are used.
    ids: Vec<String>,
    /// Of the operations that were tried.
    results: Vec<Option<OperationResult>>,
    /// How many of those failed.
    failures: u64,
    /// Whether one of them changed something.
    has_changed: bool,
    /// Operations that were sent and have no result yet, in order.
    under_way: Vec<SentOperation>,
    /// The failure since which nothing is tried: what waits for one outage to end need not wait once per operation.
    outage: Option<scim::Error>,
}

/// An operation that was sent.
struct SentOperation {
    index: usize,
    kind: ResourceKind,
    id: ResourceId,
    sent: PendingAnswer,
}

/// Most operations under way at once: a group commit of the projector takes about as many.
const MOST_UNDER_WAY: usize = 100;

impl Run<'_> {
    /// How many more operations may fail before the client wants no more of them.
    fn failures_left(&self) -> Option<u64> {
        self.request
            .fail_on_errors
            .map(|accepted| accepted.saturating_sub(self.failures))
    }

    /// R48: as many operations failed as the client accepts.
    fn is_over(&self) -> bool {
        self.failures_left() == Some(0)
    }

    /// Whether an operation can only be tried once those under way have their results.
    fn must_wait_before(&self, operation: usize) -> bool {
        let under_way = self.under_way.len() as u64;
        let refers = |other: usize| self.under_way.iter().any(|one| one.index == other);
        under_way > 0
            && (self.under_way.len() >= MOST_UNDER_WAY
                || self.failures_left().is_some_and(|left| under_way >= left)
                || self.request.depends_on(operation).any(refers))
    }

    fn succeeded(&self, operation: usize) -> bool {
        let result = self.results.get(operation).and_then(Option::as_ref);
        result.is_some_and(|result| result.error.is_none())
    }

    /// Sends one operation, or notes at once why it cannot be tried.
    async fn begin(&mut self, index: usize, without: &[usize]) {
        let Some(operation) = self.request.operations.get(index) else {
            return;
        };
        match self.prepare(index, operation, without) {
            Ok((kind, id, command)) => {
                let sent = send(self.context, command).await;
                self.under_way.push(SentOperation { index, kind, id, sent });
            }
            Err(failure) => self.note(index, operation, Err(failure)),
        }
    }

    fn prepare(
        &self,
        index: usize,
        operation: &BulkOperation,
        without: &[usize],
    ) -> Result<(ResourceKind, ResourceId, Command), Failure> {
        let action = operation.action.as_ref().map_err(|error| error.clone())?;
        let Some(resolved) = self.request.resolved(index, &self.ids, without) else {
            return Err(Failure::Unknown);
        };
        if let Some(outage) = &self.outage {
            return Err(outage.clone().into());
        }
        self.check_dependencies(index)?;
        let kind = kind(action);
        let (id, verb) = self.command(index, action, &resolved)?;
        let if_match = operation.version.as_deref().map(parse_etags).unwrap_or_default();
        let command = write::command(self.context, kind, id, if_match, verb)?;
        Ok((kind, id, command))
    }

    /// Waits for the results of what is under way.
    ///
    /// # Errors
    /// 503 when changes cannot be taken and none was made yet: then the whole request may be repeated.
    async fn wait(&mut self) -> Result<(), Failure> {
        let mut outcomes = Vec::with_capacity(self.under_way.len());
        for one in std::mem::take(&mut self.under_way) {
            outcomes.push((one.index, one.kind, one.id, one.sent.effect().await));
        }
        let is_untouched = !self.has_changed
            && outcomes
                .iter()
                .all(|(.., effect)| matches!(effect, Err(failure) if !matches!(failure, Failure::Unknown)));
        if is_untouched && self.outage.is_none() {
            let is_away = |failure: &Failure| matches!(failure, Failure::Unavailable { .. });
            if let Some(at) = outcomes
                .iter()
                .position(|(.., effect)| effect.as_ref().is_err_and(is_away))
            {
                return outcomes.swap_remove(at).3.map(drop);
            }
        }
        for (index, kind, id, effect) in outcomes {
            let Some(operation) = self.request.operations.get(index) else {
                continue;
            };
            let result = effect.map(|effect| OperationResult {
                status: write::status(&effect),
                location: Some(render::location(self.context, kind, &id.to_string())),
                version: effect.version().map(etag),
                error: None,
            });
            self.note(index, operation, result);
        }
        Ok(())
    }

    fn note(&mut self, index: usize, operation: &BulkOperation, result: Result<OperationResult, Failure>) {
        let result = result.unwrap_or_else(|failure| self.failed(index, operation, &failure));
        self.failures += u64::from(result.error.is_some());
        self.has_changed |= result.error.is_none();
        if let Some(slot) = self.results.get_mut(index) {
            *slot = Some(result);
        }
    }

    fn command(
        &self,
        index: usize,
        action: &Action,
        resolved: &ResolvedOperation,
    ) -> Result<(ResourceId, Verb), Failure> {
        let kind = kind(action);
        let target = resolved
            .target
            .as_ref()
            .or(self.ids.get(index))
            .map_or("", String::as_str);
        let id = id_of(kind, target)?;
        let verb = match action.method {
            Method::Post => write::create_verb(self.context, kind, &resolved.data)?,
            Method::Put => write::replace_verb(self.context, kind, &resolved.data)?,
            Method::Patch => write::patch_verb(self.context, kind, &resolved.data)?,
            Method::Delete => Verb::Delete,
        };
        Ok((id, verb))
    }

    /// R47: what refers to a resource that could not be created fails as well. One that is not created yet is no
    /// obstacle: it stands in a circle.
    fn check_dependencies(&self, index: usize) -> Result<(), Failure> {
        for other in self.request.depends_on(index) {
            let Some(Some(result)) = self.results.get(other) else {
                continue;
            };
            if result.error.is_some() {
                let name = self.bulk_id(other);
                let detail = format!("not tried: it refers to bulkId {name}, which could not be created");
                return Err(scim::Error::status(409, detail).into());
            }
        }
        Ok(())
    }

    fn bulk_id(&self, operation: usize) -> &str {
        let operation = self.request.operations.get(operation);
        operation
            .and_then(|operation| operation.bulk_id.as_deref())
            .unwrap_or_default()
    }

    fn note_outage(&mut self, failure: &Failure) {
        if matches!(failure, Failure::Unavailable { .. } | Failure::Unknown) && self.outage.is_none() {
            self.outage = Some(scim::Error::status(
                503,
                "not tried: an operation before it met an outage; send it again later",
            ));
        }
    }

    /// The result of an operation that failed.
    fn failed(&mut self, index: usize, operation: &BulkOperation, failure: &Failure) -> OperationResult {
        self.note_outage(failure);
        let error = failure.error();
        let resolved = self.request.resolved(index, &self.ids, &[]);
        let target = resolved.and_then(|resolved| resolved.target);
        let location = match &operation.action {
            Ok(action) => target.map(|id| render::location(self.context, kind(action), &id)),
            Err(_) => None,
        };
        OperationResult {
            status: error.status,
            location,
            version: None,
            error: Some(error),
        }
    }

    /// Adds to a new group the member that it had to be created without. Where that cannot be, the operation that asked
    /// for the group has failed, though the group is there; its result says both.
    async fn join(&mut self, group: usize, member: usize) {
        if !self.succeeded(group) {
            return;
        }
        let joined = self.joined(group, member).await;
        let name = self.bulk_id(member).to_owned();
        if let Err(failure) = &joined {
            self.note_outage(failure);
        }
        let Some(Some(result)) = self.results.get_mut(group) else {
            return;
        };
        match joined {
            Ok(version) => result.version = version.map(etag).or(result.version.take()),
            Err(failure) => {
                let why = failure.error().detail;
                let detail = format!("the group was created, but without its member bulkId {name}: {why}");
                result.status = 409;
                result.error = Some(scim::Error::status(409, detail));
                self.failures += 1;
            }
        }
    }

    /// The group's version with the member.
    async fn joined(&self, group: usize, member: usize) -> Result<Option<i64>, Failure> {
        if !self.succeeded(member) {
            return Err(scim::Error::status(409, "it was not created").into());
        }
        if let Some(outage) = &self.outage {
            return Err(outage.clone().into());
        }
        let id = |operation: usize| self.ids.get(operation).map_or("", String::as_str);
        let body = json!({
            "schemas": [urn::PATCH_OP],
            "Operations": [{ "op": "add", "path": "members", "value": [{ "value": id(member) }] }],
        });
        let kind = ResourceKind::Group;
        let (group, verb) = (id_of(kind, id(group))?, write::patch_verb(self.context, kind, &body)?);
        let effect = write::apply(self.context, kind, group, Vec::new(), verb).await?;
        Ok(effect.version())
    }

    /// R48: in the order of the request; what was not tried is absent.
    fn answer(&self) -> Value {
        let tried = self.request.operations.iter().zip(&self.results);
        let results: Vec<Value> = tried
            .filter_map(|(operation, result)| Some(result.as_ref()?.to_json(operation)))
            .collect();
        scim::bulk::response(&results)
    }
}

const fn kind(action: &Action) -> ResourceKind {
    match action.endpoint {
        BulkEndpoint::Users => ResourceKind::User,
        BulkEndpoint::Groups => ResourceKind::Group,
    }
}
