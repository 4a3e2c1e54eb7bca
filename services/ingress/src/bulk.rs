//! `POST /Bulk` (R46–R49): many changes in one request, each a command of its own.
//!
//! One operation after the other: the client relies on their order, and `failOnErrors` on knowing what failed before.

use crate::answer::{self, Failure};
use crate::handle::{Caller, id_of};
use crate::write;
use crate::{Config, Inner, render};
use actix_web::HttpResponse;
use events::{ResourceId, ResourceKind, Verb};
use scim::bulk::{Action, BulkRequest, Endpoint, Method, Operation, OperationResult, Resolved, Step};
use scim::resource::{etag, parse_etags};
use scim::urn;
use serde_json::{Value, json};

/// The refusal of a body that is too large names the limit that `/ServiceProviderConfig` tells (R49).
pub(crate) fn too_large(failure: Failure, config: &Config) -> Failure {
    match failure {
        Failure::Refused(error) if error.status == 413 => scim::bulk::payload_too_large(config.max_body).into(),
        other => other,
    }
}

/// Does what the request asks; 200 even where operations failed.
pub(crate) async fn run(inner: &Inner, caller: &Caller, body: Value) -> Result<HttpResponse, Failure> {
    write::refuse_paused(caller)?;
    let request = BulkRequest::parse(body)?;
    let resources: Vec<ResourceId> = request.operations.iter().map(|_| ResourceId::new()).collect();
    let mut run = Run {
        inner,
        caller,
        request: &request,
        ids: resources.iter().map(ToString::to_string).collect(),
        results: request.operations.iter().map(|_| None).collect(),
        outage: None,
    };
    for step in request.steps() {
        match step {
            Step::Run { operation, without } => {
                if !run.is_over() {
                    run.operation(operation, &without).await?;
                }
            }
            Step::Join { group, member } => run.join(group, member).await,
        }
    }
    Ok(answer::json(200, &run.answer()))
}

/// A bulk request half done.
struct Run<'a> {
    inner: &'a Inner,
    caller: &'a Caller,
    request: &'a BulkRequest,
    /// The id that each operation will have created; only those of POSTs are used.
    ids: Vec<String>,
    /// Of the operations that were tried.
    results: Vec<Option<OperationResult>>,
    /// The failure since which nothing is tried: what waits for one outage to end need not wait once per operation.
    outage: Option<scim::Error>,
}

impl Run<'_> {
    /// R48: as many operations failed as the client accepts.
    fn is_over(&self) -> bool {
        let failures = self
            .results
            .iter()
            .flatten()
            .filter(|result| result.error.is_some())
            .count();
        self.request
            .fail_on_errors
            .is_some_and(|accepted| failures as u64 >= accepted)
    }

    fn succeeded(&self, operation: usize) -> bool {
        let result = self.results.get(operation).and_then(Option::as_ref);
        result.is_some_and(|result| result.error.is_none())
    }

    /// Tries one operation and notes its result.
    ///
    /// # Errors
    /// 503 when changes cannot be taken and none was made yet: then the whole request may be repeated.
    async fn operation(&mut self, index: usize, without: &[usize]) -> Result<(), Failure> {
        let Some(operation) = self.request.operations.get(index) else {
            return Ok(());
        };
        let is_untouched = !self.results.iter().flatten().any(|result| result.error.is_none());
        let result = match self.attempt(index, operation, without).await {
            Ok(result) => result,
            Err(failure @ Failure::Unavailable { .. }) if is_untouched && self.outage.is_none() => return Err(failure),
            Err(failure) => self.failed(index, operation, &failure),
        };
        if let Some(slot) = self.results.get_mut(index) {
            *slot = Some(result);
        }
        Ok(())
    }

    async fn attempt(
        &self,
        index: usize,
        operation: &Operation,
        without: &[usize],
    ) -> Result<OperationResult, Failure> {
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
        let change = write::apply(self.inner, self.caller, kind, id, if_match, verb).await?;
        Ok(OperationResult {
            status: change.status(),
            location: Some(render::location(self.caller, kind, &id.to_string())),
            version: change.version().map(etag),
            error: None,
        })
    }

    fn command(&self, index: usize, action: &Action, resolved: &Resolved) -> Result<(ResourceId, Verb), Failure> {
        let kind = kind(action);
        let target = resolved
            .target
            .as_ref()
            .or(self.ids.get(index))
            .map_or("", String::as_str);
        let id = id_of(kind, target)?;
        let verb = match action.method {
            Method::Post => write::create_verb(self.caller, kind, &resolved.data)?,
            Method::Put => write::replace_verb(self.caller, kind, &resolved.data)?,
            Method::Patch => write::patch_verb(self.caller, kind, &resolved.data)?,
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
    fn failed(&mut self, index: usize, operation: &Operation, failure: &Failure) -> OperationResult {
        self.note_outage(failure);
        let error = failure.error();
        let resolved = self.request.resolved(index, &self.ids, &[]);
        let target = resolved.and_then(|resolved| resolved.target);
        let location = match &operation.action {
            Ok(action) => target.map(|id| render::location(self.caller, kind(action), &id)),
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
        let (group, verb) = (id_of(kind, id(group))?, write::patch_verb(self.caller, kind, &body)?);
        let change = write::apply(self.inner, self.caller, kind, group, Vec::new(), verb).await?;
        Ok(change.version())
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
        Endpoint::Users => ResourceKind::User,
        Endpoint::Groups => ResourceKind::Group,
    }
}
