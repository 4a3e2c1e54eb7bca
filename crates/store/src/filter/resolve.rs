//! From a path to where its values are stored: a column, a place in the search document, or rows of another table.

use super::json::Place;
use super::scalar::{Scalar, TRUE, id_text};
use super::{Kind, Target};
use crate::args::Args;
use scim::path::AttributePath;
use scim::schema::{Attribute, AttributeType, Resolved};
use scim::urn;

/// Where the values of a path are.
pub(super) enum Located<'a> {
    /// One value or none.
    One(Scalar),
    /// A single-valued complex attribute as a whole: whether it is there, and its facts.
    Whole { present: String, attribute: &'a Attribute },
    /// A multi-valued attribute, and the sub-attribute of each element that is meant.
    Many { many: Many<'a>, sub: Option<&'a Attribute> },
    /// `schemas`.
    Schemas,
    /// In an extension that no schema declares.
    Undeclared,
    /// Nowhere: no such attribute, so it never has a value (R30).
    Nowhere,
}

/// A multi-valued attribute.
#[derive(Clone, Debug)]
pub(super) struct Many<'a> {
    pub(super) attribute: &'a Attribute,
    pub(super) source: Source<'a>,
}

/// What the elements of a multi-valued attribute are.
#[derive(Clone, Debug)]
pub(super) enum Source<'a> {
    /// An array in the search document.
    Array(Place<'a>),
    /// The same, and every `value` is in `user_emails` too.
    Emails(Place<'a>),
    /// Membership rows of a user.
    Groups,
    /// Membership rows of a group.
    Members,
}

/// Finds what a path over the resource names.
pub(super) fn locate<'a>(args: &mut Args, target: Target<'a>, path: &AttributePath) -> Located<'a> {
    let Some(found) = target.schema.lookup(path) else {
        let is_undeclared = path.urn.as_deref().is_some_and(|urn| !target.schema.knows(urn));
        return if is_undeclared {
            Located::Undeclared
        } else {
            Located::Nowhere
        };
    };
    match (found.urn, found.attribute.name.as_str(), found.sub) {
        (None, "id", _) => Located::One(Scalar::Id("r.id".to_owned())),
        (None, "externalId", _) => Located::One(Scalar::column("r.external_id", true)),
        (None, "schemas", _) => Located::Schemas,
        (None, "meta", None) => Located::Whole {
            present: TRUE.to_owned(),
            attribute: found.attribute,
        },
        (None, "meta", Some(sub)) => meta(args, target, &sub.name).map_or(Located::Nowhere, Located::One),
        (None, "displayName", _) => Located::One(Scalar::column("r.display_name_key", false)),
        (None, "userName", _) if target.kind == Kind::User => Located::One(Scalar::column("r.user_name_key", false)),
        // Every user has it (R50).
        (None, "active", _) if target.kind == Kind::User => Located::One(Scalar::Boolean {
            is_true: "r.active".to_owned(),
            is_set: TRUE.to_owned(),
        }),
        (None, "groups", sub) if target.kind == Kind::User => many(found.attribute, Source::Groups, sub),
        (None, "members", sub) if target.kind == Kind::Group => many(found.attribute, Source::Members, sub),
        (Some(urn::ENTERPRISE_USER), "manager", Some(sub)) if target.kind == Kind::User && sub.name == "value" => {
            Located::One(Scalar::column("r.manager_id", true))
        }
        _ => in_document(args, target.kind, found),
    }
}

const fn many<'a>(attribute: &'a Attribute, source: Source<'a>, sub: Option<&'a Attribute>) -> Located<'a> {
    Located::Many {
        many: Many { attribute, source },
        sub,
    }
}

fn in_document<'a>(args: &mut Args, kind: Kind, found: Resolved<'a>) -> Located<'a> {
    let attribute = found.attribute;
    let place = Place::top(found.urn.into_iter().chain([attribute.name.as_str()]).collect());
    if attribute.multi_valued {
        let is_emails = kind == Kind::User && found.urn.is_none() && attribute.name == "emails";
        let source = if is_emails {
            Source::Emails(place)
        } else {
            Source::Array(place)
        };
        return many(attribute, source, found.sub);
    }
    match found.sub {
        None if attribute.kind == AttributeType::Complex => Located::Whole {
            present: place.present(args),
            attribute,
        },
        None => place.scalar(args, attribute).map_or(Located::Nowhere, Located::One),
        Some(sub) if sub.multi_valued => many(sub, Source::Array(place.child(&sub.name)), None),
        Some(sub) => place
            .child(&sub.name)
            .scalar(args, sub)
            .map_or(Located::Nowhere, Located::One),
    }
}

fn meta(args: &mut Args, target: Target<'_>, name: &str) -> Option<Scalar> {
    match name {
        "resourceType" => Some(Scalar::Constant {
            text: target.schema.name.to_owned(),
            case_exact: true,
        }),
        "created" => Some(Scalar::Millis("r.created_at".to_owned())),
        "lastModified" => Some(Scalar::Millis("r.updated_at".to_owned())),
        // As scim::resource::etag writes it.
        "version" => Some(Scalar::text("('W/\"' || r.version || '\"')".to_owned(), true)),
        "location" => location(args, target.base_url, target.schema.endpoint, "r.id"),
        _ => None,
    }
}

/// The URL of a resource: `<base><endpoint>/<id>`.
fn location(args: &mut Args, base_url: Option<&str>, endpoint: &str, id: &str) -> Option<Scalar> {
    let start = format!("{}{endpoint}/", base_url?.trim_end_matches('/'));
    let start = args.bind(start);
    Some(Scalar::text(
        format!("({start} || {})", id_text(args.dialect(), id)),
        true,
    ))
}

impl<'a> Many<'a> {
    /// A sub-attribute of one element, as it is named in [`Self::rows`].
    pub(super) fn scalar(&self, args: &mut Args, target: Target<'_>, sub: &'a Attribute) -> Option<Scalar> {
        match (&self.source, sub.name.as_str()) {
            (Source::Array(_) | Source::Emails(_), name) => Place::of_element(args, name).scalar(args, sub),
            (Source::Groups, "value") => Some(Scalar::Id("m.group_id".to_owned())),
            (Source::Groups, "display") => Some(Scalar::text("g.display_name_key".to_owned(), false)),
            // Memberships through other groups are not followed.
            (Source::Groups, "type") => Some(Scalar::Constant {
                text: "direct".to_owned(),
                case_exact: false,
            }),
            (Source::Groups, "$ref") => location(args, target.base_url, "/Groups", "m.group_id"),
            (Source::Members, "value") => Some(Scalar::Id("m.member_id".to_owned())),
            (Source::Members, "display") => Some(Scalar::text(
                "COALESCE(u.display_name_key, g.display_name_key)".to_owned(),
                false,
            )),
            (Source::Members, "type") => Some(Scalar::text(
                "CASE m.kind WHEN 1 THEN 'group' ELSE 'user' END".to_owned(),
                false,
            )),
            (Source::Members, "$ref") => {
                let base = target.base_url?.trim_end_matches('/');
                let (users, groups) = (
                    args.bind(format!("{base}/Users/")),
                    args.bind(format!("{base}/Groups/")),
                );
                let id = id_text(args.dialect(), "m.member_id");
                Some(Scalar::text(
                    format!("(CASE m.kind WHEN 1 THEN {groups} ELSE {users} END || {id})"),
                    true,
                ))
            }
            (Source::Groups | Source::Members, _) => None,
        }
    }

    /// The element itself, of an attribute whose elements are plain values.
    pub(super) fn plain(&self, args: &mut Args) -> Option<Scalar> {
        match self.source {
            Source::Array(_) => Place::Element.scalar(args, self.attribute),
            _ => None,
        }
    }

    /// The elements as rows for a FROM, with the condition that ties them to the directory and, if the rows are not
    /// sought by their own value, to `r`.
    pub(super) fn rows(&self, args: &mut Args) -> String {
        match &self.source {
            Source::Array(place) | Source::Emails(place) => place.elements(args),
            Source::Groups => {
                "group_members m JOIN groups g ON g.id = m.group_id AND g.directory_id = m.directory_id".to_owned()
            }
            Source::Members => "group_members m \
                LEFT JOIN users u ON m.kind = 0 AND u.id = m.member_id AND u.directory_id = m.directory_id \
                LEFT JOIN groups g ON m.kind = 1 AND g.id = m.member_id AND g.directory_id = m.directory_id"
                .to_owned(),
        }
    }

    /// Whether the attribute has any element.
    pub(super) fn present(&self, args: &mut Args) -> String {
        match &self.source {
            Source::Array(place) | Source::Emails(place) => place.present(args),
            Source::Groups | Source::Members => self.exists(args, TRUE),
        }
    }

    /// Whether one element satisfies a condition over the columns of [`Self::rows`].
    pub(super) fn exists(&self, args: &mut Args, condition: &str) -> String {
        let rows = self.rows(args);
        let tie = match self.source {
            Source::Array(_) | Source::Emails(_) => "",
            Source::Groups => "m.member_id = r.id AND m.directory_id = r.directory_id AND ",
            Source::Members => "m.group_id = r.id AND m.directory_id = r.directory_id AND ",
        };
        format!("EXISTS (SELECT 1 FROM {rows} WHERE {tie}{condition})")
    }

    /// The same for a condition that one `value` must be equal to a literal: starts from the index of that value.
    pub(super) fn exists_by_value(&self, args: &mut Args, target: Target<'_>, value: &str, condition: &str) -> String {
        let own = match self.source {
            Source::Array(_) => return self.exists(args, condition),
            Source::Emails(_) => {
                let by_value = has_email(args, target, value);
                let rows = self.exists(args, condition);
                return format!("({by_value} AND {rows})");
            }
            Source::Groups => "m.member_id",
            Source::Members => "m.group_id",
        };
        let rows = self.rows(args);
        let directory = args.bind(target.directory_id.uuid());
        format!("r.id IN (SELECT {own} FROM {rows} WHERE m.directory_id = {directory} AND {condition})")
    }
}

/// Whether the user has this address, in any case.
pub(super) fn has_email(args: &mut Args, target: Target<'_>, value: &str) -> String {
    let directory = args.bind(target.directory_id.uuid());
    let key = args.bind(scim::fold(value));
    format!("r.id IN (SELECT l.user_id FROM user_emails l WHERE l.directory_id = {directory} AND l.value_key = {key})")
}
