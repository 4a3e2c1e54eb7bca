//! The tab Mapping: what apps see of a person: custom attributes, roles by group, and what roles may use.

mod read;

use super::{Tab, directory, here, status, tab};
use crate::api::query;
use crate::console::id;
use crate::fault::Fault;
use crate::filters;
use crate::form::{Errors, Form};
use crate::frame::to;
use crate::session::Operator;
use crate::texts::{TextKey, text};
use actix_web::HttpResponse;
use actix_web::web::{self, Path, ServiceConfig};
use api::{AttributePaths, Directory, Grant, Group, GroupRole, GroupRolesPreview, List, RoleRule, Scope};
use askama::Template;
use events::{DirectoryId, ResourceId};
use read::{attribute_map, group_roles, role_rules};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Display, Formatter};

/// Empty rows below those of a table, to be filled in.
const EMPTY_ROWS: usize = 3;
/// Groups that are offered by name.
const OFFERED: &str = "100";
/// Where the normalized user takes something from.
#[derive(Clone, Copy)]
enum Taken {
    /// From a path of SCIM.
    Path(&'static str),
    /// From what there is a word for.
    Worded(TextKey),
}

/// What the normalized user takes from where: these need no mapping of their own.
const NORMALIZED: [(&str, Taken); 13] = [
    ("user_name", Taken::Path("userName")),
    ("external_id", Taken::Path("externalId")),
    ("display_name", Taken::Path("displayName")),
    ("first_name", Taken::Path("name.givenName")),
    ("last_name", Taken::Path("name.familyName")),
    ("emails, email", Taken::Path("emails.value")),
    ("job_title", Taken::Path("title")),
    (
        "department",
        Taken::Path("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"),
    ),
    (
        "manager_id",
        Taken::Path("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value"),
    ),
    ("state", Taken::Path("active")),
    ("role", Taken::Worded(TextKey("mapping-from-role"))),
    ("grants", Taken::Worded(TextKey("mapping-from-grants"))),
    ("groups", Taken::Worded(TextKey("mapping-from-groups"))),
];

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/directories/{id}/mapping").get(show))
        .service(web::resource("/directories/{id}/mapping/attributes").post(attributes))
        .service(web::resource("/directories/{id}/mapping/roles").post(roles))
        .service(web::resource("/directories/{id}/mapping/group-roles").post(roles_by_group));
}

#[derive(Template)]
#[template(path = "console/directory/mapping.html")]
struct MappingPage<'a> {
    directory: &'a Directory,
    paths: AttributePaths,
    attributes: Vec<AttributeRow>,
    roles: Vec<RoleRow>,
    default_grants: [bool; 2],
    rules: Vec<RuleRow>,
    /// Groups to choose from; others are named by their id or their whole name.
    groups: Vec<Group>,
    /// What came of trying; empty where nothing was tried.
    verdict: String,
    errors: Errors,
    may_change: bool,
}

/// A row of the table of custom attributes.
#[derive(Default)]
struct AttributeRow {
    name: String,
    path: String,
}

/// A row of the table of roles.
#[derive(Default)]
struct RoleRow {
    value: String,
    app: bool,
    web: bool,
}

/// A row of the table of groups and roles.
#[derive(Default)]
struct RuleRow {
    group: String,
    /// What the group is called, where `group` is its id.
    name: String,
    role: String,
    /// How many people would have their role by it, and of how many it would be another; once it was tried.
    people: String,
    changed: String,
}

/// What the tables have in them instead of what is stored, and what came of that.
#[derive(Default)]
struct Outcome {
    attributes: Option<Vec<AttributeRow>>,
    roles: Option<(Vec<RoleRow>, [bool; 2])>,
    rules: Option<Vec<RuleRow>>,
    tried: Option<GroupRolesPreview>,
    errors: Errors,
}

async fn show(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    let directory = directory(&operator, id(&path)?).await?;
    page(&operator, &directory, Outcome::default()).await
}

async fn page(operator: &Operator, directory: &Directory, outcome: Outcome) -> Result<HttpResponse, Fault> {
    let here = format!("/directories/{}", directory.id);
    let settings = directory.settings.as_ref();
    let stored = || settings.into_iter();
    let mut attributes = outcome.attributes.unwrap_or_else(|| {
        let map = stored().flat_map(|settings| &settings.attribute_map);
        map.map(|(name, path)| AttributeRow {
            name: name.clone(),
            path: path.clone(),
        })
        .collect()
    });
    let (mut roles, default_grants) = outcome.roles.unwrap_or_else(|| {
        let rows = stored().flat_map(|settings| &settings.roles).map(RoleRow::of);
        let defaults = settings.map_or([false; 2], |settings| ticked(&settings.default_grants));
        (rows.collect(), defaults)
    });
    let mut rules = match outcome.rules {
        Some(rules) => rules,
        None => {
            let rules: Vec<&GroupRole> = stored().flat_map(|settings| &settings.group_roles).collect();
            rows_of(operator, directory.id, &rules).await?
        }
    };
    let tried = outcome.tried.as_ref();
    for (row, effect) in rules.iter_mut().zip(tried.into_iter().flat_map(|tried| &tried.rules)) {
        let counted = |number: Option<u32>| {
            number.map_or_else(|| text("mapping-not-counted").into(), |number| number.to_string())
        };
        row.name = effect.display_name.clone().unwrap_or_default();
        (row.people, row.changed) = (counted(effect.people), counted(effect.changed));
    }
    attributes.extend((0..EMPTY_ROWS).map(|_| AttributeRow::default()));
    roles.extend((0..EMPTY_ROWS).map(|_| RoleRow::default()));
    rules.extend((0..EMPTY_ROWS).map(|_| RuleRow::default()));
    let groups: List<Group> = operator
        .api
        .get(&query(&format!("{here}/groups"), [("limit", Some(OFFERED))]))
        .await?;
    let status = status(&outcome.errors);
    let page = MappingPage {
        directory,
        paths: operator.api.get(&format!("{here}/attribute-paths")).await?,
        attributes,
        roles,
        default_grants,
        rules,
        groups: groups.data,
        verdict: tried.map(verdict).unwrap_or_default(),
        errors: outcome.errors,
        may_change: operator.may(Scope::Directories),
    };
    tab(status, operator, directory, Tab::Mapping, &page)
}

/// What trying a table of groups and roles says as a whole.
fn verdict(tried: &GroupRolesPreview) -> String {
    match tried.losing {
        None => text("mapping-verdict-not-counted").into(),
        Some(0) => text("mapping-verdict-nobody").into(),
        Some(losing) => text("mapping-verdict-losing").count("people", losing).into(),
    }
}

/// The rules with the names of their groups, found in one question for all that are not offered anyway.
async fn rows_of(operator: &Operator, directory: DirectoryId, rules: &[&GroupRole]) -> Result<Vec<RuleRow>, Fault> {
    if rules.is_empty() {
        return Ok(Vec::new());
    }
    let body = json!({ "group_roles": rules });
    let path = format!("/directories/{directory}/group-roles/preview");
    // A group that is gone has no name; the rest of the page is as good without it.
    let names: HashMap<ResourceId, String> = match operator.api.post::<GroupRolesPreview>(&path, &body).await {
        Ok(found) => {
            let named = found
                .rules
                .into_iter()
                .filter_map(|rule| Some((rule.group_id, rule.display_name?)));
            named.collect()
        }
        Err(fault) => {
            fault.of_form()?;
            HashMap::new()
        }
    };
    let row = |rule: &&GroupRole| RuleRow {
        group: rule.group_id.to_string(),
        name: names.get(&rule.group_id).cloned().unwrap_or_default(),
        role: rule.role.clone(),
        ..RuleRow::default()
    };
    Ok(rules.iter().map(row).collect())
}

/// Sets the custom attributes, all of them at once.
async fn attributes(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: DirectoryId = id(&path)?;
    let (rows, map) = attribute_map(&form);
    let failed = match map {
        Ok(map) => match patch(&operator, id, &json!({ "attribute_map": map })).await? {
            None => return Ok(to(&format!("{}/mapping", here(id)))),
            Some(errors) => errors,
        },
        Err(errors) => errors,
    };
    let outcome = Outcome {
        attributes: Some(rows),
        errors: failed,
        ..Outcome::default()
    };
    page(&operator, &directory(&operator, id).await?, outcome).await
}

/// Sets what roles may use, and what somebody may without one.
async fn roles(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: DirectoryId = id(&path)?;
    let (rows, defaults) = role_rules(&form);
    let rules: Vec<Value> = rows
        .iter()
        .filter(|row| !row.value.is_empty())
        .map(|row| json!({ "value": row.value, "grants": grants([row.app, row.web]) }))
        .collect();
    let body = json!({ "roles": rules, "default_grants": grants(defaults) });
    match patch(&operator, id, &body).await? {
        None => Ok(to(&format!("{}/mapping", here(id)))),
        Some(errors) => {
            let outcome = Outcome {
                roles: Some((rows, defaults)),
                errors,
                ..Outcome::default()
            };
            page(&operator, &directory(&operator, id).await?, outcome).await
        }
    }
}

/// Tries the table of groups and roles, or sets it: then it holds for present members at once.
async fn roles_by_group(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: DirectoryId = id(&path)?;
    let (rows, rules) = group_roles(&operator, id, &form).await?;
    let mut outcome = Outcome {
        rules: Some(rows),
        ..Outcome::default()
    };
    match rules {
        Err(errors) => outcome.errors = errors,
        Ok(rules) if form.text("do") == "apply" => {
            match patch(&operator, id, &json!({ "group_roles": rules })).await? {
                None => return Ok(to(&format!("{}/mapping", here(id)))),
                Some(errors) => outcome.errors = errors,
            }
        }
        Ok(rules) => {
            let path = format!("/directories/{id}/group-roles/preview");
            match operator.api.post(&path, &json!({ "group_roles": rules })).await {
                Ok(tried) => outcome.tried = Some(tried),
                Err(fault) => outcome.errors = Errors::of(fault.of_form()?),
            }
        }
    }
    page(&operator, &directory(&operator, id).await?, outcome).await
}

/// Changes the directory. What the API refuses is what is wrong with the form.
async fn patch(operator: &Operator, id: DirectoryId, body: &Value) -> Result<Option<Errors>, Fault> {
    match operator
        .api
        .patch::<Directory>(&format!("/directories/{id}"), body)
        .await
    {
        Ok(_) => Ok(None),
        Err(fault) => Ok(Some(Errors::of(fault.of_form()?))),
    }
}

/// Whether an app may be used, and the web access.
fn ticked(grants: &[Grant]) -> [bool; 2] {
    [grants.contains(&Grant::App), grants.contains(&Grant::Web)]
}

fn grants([app, web]: [bool; 2]) -> Vec<Grant> {
    let named = [(app, Grant::App), (web, Grant::Web)];
    named
        .into_iter()
        .filter(|(is, _)| *is)
        .map(|(_, grant)| grant)
        .collect()
}

impl Taken {
    /// The path of SCIM; empty where there is none.
    const fn path(self) -> &'static str {
        match self {
            Self::Path(path) => path,
            Self::Worded(_) => "",
        }
    }
}

impl Display for Taken {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => f.write_str(path),
            Self::Worded(key) => key.fmt(f),
        }
    }
}

impl RoleRow {
    fn of(rule: &RoleRule) -> Self {
        let [app, web] = ticked(&rule.grants);
        Self {
            value: rule.value.clone(),
            app,
            web,
        }
    }
}

impl MappingPage<'_> {
    /// What the normalized user shows, from where, and how many of the sample have it.
    fn normalized(&self) -> Vec<(&'static str, Taken, Option<u32>)> {
        let seen: BTreeMap<&str, u32> = self
            .paths
            .data
            .iter()
            .map(|seen| (seen.path.as_str(), seen.users))
            .collect();
        let row = |(name, taken): (&'static str, Taken)| (name, taken, seen.get(taken.path()).copied());
        NORMALIZED.into_iter().map(row).collect()
    }

    /// Paths that people have and nobody is shown under a name of their own.
    fn suggestions(&self) -> impl Iterator<Item = &api::AttributePathSeen> {
        let is_shown = |path: &str| NORMALIZED.iter().any(|(_, known)| known.path() == path);
        let paths = self.paths.data.iter();
        paths
            .filter(move |seen| !seen.is_mapped && !is_shown(&seen.path))
            .take(50)
    }
}
