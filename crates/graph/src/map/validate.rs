//! What makes a list of rows a map.

use super::defaults::MANAGER_PATH;
use super::row::{Row, Transform};
use super::target::{Place, Target};
use super::{MANAGER, Rule, Subject};
use scim::schema::{AttributeType, ResourceType};

/// A map has at most so many rows.
pub const MOST_ROWS: usize = 200;
/// A row is made of at most so many attributes.
const MOST_SOURCES: usize = 8;
/// The longest name of an attribute of Graph, in bytes.
const LONGEST_NAME: usize = 128;
/// Attributes that are not in the main store of the directory, whose changes Graph does not track.
const NOT_TRACKED: [&str; 14] = [
    "aboutMe",
    "birthday",
    "hireDate",
    "interests",
    "mailboxSettings",
    "memberOf",
    "mySite",
    "pastProjects",
    "photo",
    "preferredName",
    "responsibilities",
    "schools",
    "signInActivity",
    "skills",
];

/// Why a list of rows is no map.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMap {
    /// There are too many.
    #[error("a map has at most {MOST_ROWS} rows")]
    TooLong,
    /// One of them is wrong.
    #[error("row {row}")]
    Row {
        /// Its number, from one.
        row: usize,
        /// What is wrong.
        #[source]
        why: InvalidRow,
    },
    /// One is missing that no map can do without.
    #[error("a row must map {graph} to {scim}")]
    Missing {
        /// The attribute of Graph.
        graph: &'static str,
        /// The SCIM path.
        scim: &'static str,
    },
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRow {
    /// It names no attribute, or too many.
    #[error("a row is made of 1 to {MOST_SOURCES} attributes of Graph")]
    SourceCount,
    /// No name of an attribute.
    #[error("{0:?} is no name of an attribute of Graph")]
    Source(String),
    /// It is no attribute whose changes are tracked.
    #[error("Graph does not track changes of {0}")]
    NotTracked(String),
    /// The SCIM path is none that a row may rule.
    #[error("the path {path:?} cannot be mapped to: {why}")]
    Target {
        /// The path.
        path: String,
        /// Half a sentence.
        why: String,
    },
    /// Another row rules the same.
    #[error("{path} is ruled by row {other} already")]
    Twice {
        /// The path.
        path: String,
        /// The other row.
        other: usize,
    },
    /// Several attributes, and nothing says how they become one value.
    #[error("several attributes become one value by \"join\", \"first_of\" or \"addresses\" only")]
    Several,
    /// The place takes other values than the transform makes.
    #[error("this transform makes texts, and {0} takes none")]
    NotText(String),
    /// Only one element can be primary.
    #[error("\"primary\" is for one row of an attribute with several elements, which names one by its type")]
    Primary,
    /// The manager is an id to be looked up, so it has a place of its own.
    #[error("\"manager\" goes to {MANAGER_PATH}, and nothing else does")]
    Manager,
    /// Whether an account is enabled is taken as it is.
    #[error("\"active\" comes from \"accountEnabled\" alone")]
    Active,
    /// The id is what everything hangs on.
    #[error("\"externalId\" comes from \"id\" alone")]
    ExternalId,
}

pub(super) fn check(subject: Subject, rows: &[Row], resource_type: &ResourceType) -> Result<Vec<Rule>, InvalidMap> {
    if rows.len() > MOST_ROWS {
        return Err(InvalidMap::TooLong);
    }
    let mut rules: Vec<Rule> = Vec::with_capacity(rows.len());
    for (row, number) in rows.iter().zip(1..) {
        let rule = rule(row, number, &rules, resource_type);
        rules.push(rule.map_err(|why| InvalidMap::Row { row: number, why })?);
    }
    let needed: &[(&str, &str)] = match subject {
        Subject::User => &[
            ("id", "externalId"),
            ("userPrincipalName", "userName"),
            ("accountEnabled", "active"),
        ],
        Subject::Group => &[("id", "externalId"), ("displayName", "displayName")],
    };
    for (graph, scim) in needed {
        // What people log in with may be another attribute; that there is one may not be left out.
        if !rules.iter().any(|rule| rule.target.is(scim)) {
            return Err(InvalidMap::Missing { graph, scim });
        }
    }
    Ok(rules)
}

fn rule(row: &Row, number: usize, others: &[Rule], resource_type: &ResourceType) -> Result<Rule, InvalidRow> {
    check_sources(row)?;
    let bad_target = |why: String| InvalidRow::Target {
        path: row.scim.clone(),
        why,
    };
    let target = Target::parse(&row.scim, resource_type).map_err(|error| bad_target(error.to_string()))?;
    if let Some(other) = others.iter().find(|other| overlap(&other.target, &target)) {
        return Err(InvalidRow::Twice {
            path: target.to_string(),
            other: other.number,
        });
    }
    check_fixed(row, &target)?;
    check_transform(row, &target)?;
    check_primary(row, &target, others)?;
    Ok(Rule {
        row: row.clone(),
        number,
        target,
    })
}

fn check_sources(row: &Row) -> Result<(), InvalidRow> {
    if !(1..=MOST_SOURCES).contains(&row.graph.count()) {
        return Err(InvalidRow::SourceCount);
    }
    for name in row.graph.iter() {
        if !is_graph_name(name) {
            return Err(InvalidRow::Source(name.clone()));
        }
        let top = name.split('.').next().unwrap_or_default();
        if NOT_TRACKED.iter().any(|not| not.eq_ignore_ascii_case(top)) || top == "members" {
            return Err(InvalidRow::NotTracked(name.clone()));
        }
    }
    Ok(())
}

/// Places that take one attribute only, and attributes that go to one place only.
fn check_fixed(row: &Row, target: &Target) -> Result<(), InvalidRow> {
    let only =
        |name: &str| row.graph.iter().all(|one| one == name) && row.graph.count() == 1 && row.transform.is_none();
    let is_manager = target.to_string() == MANAGER_PATH;
    if is_manager != row.graph.iter().any(|name| name == MANAGER) || is_manager && !only(MANAGER) {
        return Err(InvalidRow::Manager);
    }
    if target.is("active") && !only("accountEnabled") {
        return Err(InvalidRow::Active);
    }
    if target.is("externalId") && !only("id") {
        return Err(InvalidRow::ExternalId);
    }
    Ok(())
}

fn check_transform(row: &Row, target: &Target) -> Result<(), InvalidRow> {
    let takes_several = row.transform.is_some_and(Transform::takes_several);
    if row.graph.count() > 1 && !takes_several {
        return Err(InvalidRow::Several);
    }
    let makes_text = matches!(
        row.transform,
        Some(Transform::Join | Transform::Lowercase | Transform::Addresses | Transform::StripGuest)
    );
    let takes_text = matches!(
        target.kind,
        None | Some(AttributeType::String | AttributeType::Reference)
    );
    if makes_text && !takes_text {
        return Err(InvalidRow::NotText(target.to_string()));
    }
    Ok(())
}

fn check_primary(row: &Row, target: &Target, others: &[Rule]) -> Result<(), InvalidRow> {
    if !row.primary {
        return Ok(());
    }
    let is_typed_value = matches!(target.place, Place::OfType(_)) && target.is_value();
    let is_second = others
        .iter()
        .any(|other| other.row.primary && same_attribute(&other.target, target));
    if is_typed_value && !is_second {
        Ok(())
    } else {
        Err(InvalidRow::Primary)
    }
}

/// Whether two rows would write to the same place. The primary element may be of any type.
fn overlap(one: &Target, other: &Target) -> bool {
    if !same_attribute(one, other) {
        return false;
    }
    match (&one.place, &other.place) {
        (Place::Primary, Place::OfType(_)) | (Place::OfType(_), Place::Primary) => true,
        (Place::OfType(one_type), Place::OfType(other_type)) => {
            one_type.eq_ignore_ascii_case(other_type) && one.path.sub == other.path.sub
        }
        _ => one.path.sub == other.path.sub || one.path.sub.is_none() || other.path.sub.is_none(),
    }
}

fn same_attribute(one: &Target, other: &Target) -> bool {
    one.path.urn == other.path.urn && one.path.attribute.eq_ignore_ascii_case(&other.path.attribute)
}

/// Letters, digits and underscores, after a dot once more.
fn is_graph_name(name: &str) -> bool {
    let is_word = |word: &str| {
        let starts_well = word.bytes().next().is_some_and(|first| first.is_ascii_alphabetic());
        starts_well && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    name.len() <= LONGEST_NAME && name.split('.').count() <= 2 && name.split('.').all(is_word)
}
