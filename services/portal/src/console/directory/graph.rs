//! The tab Microsoft Graph: how the directory is pulled, what it proves itself with, and what can be done with it.

mod acts;

use super::{Tab, directory, status, tab};
use crate::console::id;
use crate::fault::Fault;
use crate::filters;
use crate::form::{Errors, Form};
use crate::graph::{Found, Standing, at, entered, groups, is_scope, pull, test_accounts};
use crate::session::Operator;
use actix_web::HttpResponse;
use actix_web::web::{self, Path, ServiceConfig};
use api::{Directory, GraphCloud, GraphGuests, GraphMode, GraphPull, GraphState, GraphStatus, GraphTest, Scope};
use askama::Template;
use events::DirectoryId;

/// The clouds of Microsoft, as the API names them.
const CLOUDS: [&str; 4] = ["global", "us_government", "us_defense", "china"];

pub(super) fn configure(config: &mut ServiceConfig) {
    let below = |path: &str| web::resource(format!("/directories/{{id}}/graph{path}"));
    config
        .service(below("").get(show).post(acts::save))
        .service(below("/act").post(acts::act))
        .service(below("/test").post(acts::test))
        .service(below("/certificate").get(acts::certificate))
        .service(below("/credentials").post(acts::add))
        .service(below("/credentials/{credential_id}").post(acts::credential))
        .service(below("/delete").post(acts::delete));
}

#[derive(Template)]
#[template(path = "console/directory/graph.html")]
struct GraphPage<'a> {
    directory: &'a Directory,
    /// `None` where the directory is not pulled.
    pull: Option<(GraphPull, GraphStatus)>,
    outcome: Outcome,
    clouds: [&'static str; 4],
    may_change: bool,
}

/// What a form on the page led to.
#[derive(Default)]
struct Outcome {
    errors: Errors,
    /// What was typed, where it was not taken.
    form: Form,
    /// What a test found.
    test: Option<GraphTest>,
}

impl GraphPage<'_> {
    /// What stands in a field: what was typed, or else what the pull has.
    fn value<'a>(&'a self, field: &str, own: &'a str) -> &'a str {
        match self.outcome.form.has(field) {
            true => self.outcome.form.text(field),
            false => own,
        }
    }

    fn known(&self) -> Option<&GraphPull> {
        self.pull.as_ref().map(|(pull, _)| pull)
    }

    fn is_scope(&self, name: &str) -> bool {
        is_scope(&self.outcome.form, self.known(), name)
    }

    /// A box, as it was ticked or as it is.
    fn is_ticked(&self, name: &str, own: bool) -> bool {
        match self.outcome.form.has("scope") {
            true => self.outcome.form.has(name),
            false => own,
        }
    }

    fn skips_guests(&self) -> bool {
        let own = self.known().is_some_and(|pull| pull.guests == GraphGuests::Skip);
        self.is_ticked("skip_guests", own)
    }

    fn is_nested(&self) -> bool {
        let own = self.known().is_some_and(|pull| pull.nested);
        self.is_ticked("nested", own)
    }

    fn is_cloud(&self, name: &str) -> bool {
        let own = match self.known().map_or(GraphCloud::Global, |pull| pull.cloud) {
            GraphCloud::Global => "global",
            GraphCloud::UsGovernment => "us_government",
            GraphCloud::UsDefense => "us_defense",
            GraphCloud::China => "china",
        };
        self.value("cloud", own) == name
    }

    fn standing<'a>(&'a self, status: &'a GraphStatus) -> Standing<'a> {
        Standing {
            status,
            live: format!("{}/graph", super::here(self.directory.id)),
        }
    }

    fn found<'a>(&'a self, test: &'a GraphTest) -> Found<'a> {
        Found { test }
    }

    fn is_compared(&self) -> bool {
        let own = self.known().is_some_and(|pull| pull.mode == GraphMode::Compare);
        self.is_ticked("compare", own)
    }

    fn interval(&self) -> String {
        let own = self.known().map(|pull| pull.interval_seconds.to_string());
        own.unwrap_or_default()
    }

    /// The ids that were entered before.
    fn entered(&self) -> (String, String) {
        entered(self.known())
    }

    fn test_accounts(&self) -> String {
        test_accounts(self.known())
    }

    /// The groups that are chosen, one a line.
    fn groups(&self) -> String {
        groups(self.known())
    }
}

async fn show(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    page(&operator, id(&path)?, Outcome::default()).await
}

async fn page(operator: &Operator, id: DirectoryId, outcome: Outcome) -> Result<HttpResponse, Fault> {
    let status = status(&outcome.errors);
    let directory = directory(operator, id).await?;
    let pull = match pull(&operator.api, id).await? {
        Some(pull) => Some((pull, operator.api.get(&at(id, "/status")).await?)),
        None => None,
    };
    let page = GraphPage {
        directory: &directory,
        pull,
        outcome,
        clouds: CLOUDS,
        may_change: operator.may(Scope::Directories),
    };
    tab(status, operator, &directory, Tab::Graph, &page)
}
