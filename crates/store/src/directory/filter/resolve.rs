//! From a path to where its values are stored: a column, a place in the search document, or rows of another table.

use super::json::{DocumentPath, ValuePlace};
use super::scalar::{Scalar, coalesce, id_text};
use super::{FilterTarget, Kind, row};
use crate::Dialect;
use db::entity::{group_members, groups, user_emails, users};
use db::expr::{concat, number, text, truth};
use scim::path::AttributePath;
use scim::schema::{Attribute, AttributeType, ResolvedPath};
use scim::urn;
use sea_orm::sea_query::{Expr, ExprTrait as _, JoinType, Query, SelectStatement};

/// Where the values of a path are.
pub(super) enum Located<'a> {
    /// One value or none.
    One(Scalar),
    /// A single-valued complex attribute as a whole: whether it is there, and its facts.
    Whole { present: Expr, attribute: &'a Attribute },
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
    pub(super) source: ElementSource<'a>,
}

/// What the elements of a multi-valued attribute are.
#[derive(Clone, Debug)]
pub(super) enum ElementSource<'a> {
    /// An array in the search document.
    Array(DocumentPath<'a>),
    /// The same, and every `value` is in `user_emails` too.
    Emails(DocumentPath<'a>),
    /// Membership rows of a user.
    Groups,
    /// Membership rows of a group.
    Members,
}

/// A membership, the user that is the member, and the group it is in or that is the member.
const MEMBERSHIP: &str = "m";
const USER: &str = "u";
const GROUP: &str = "g";

fn membership(column: group_members::Column) -> Expr {
    Expr::col((MEMBERSHIP, column))
}

/// Finds what a path over the resource names.
pub(super) fn locate<'a>(target: FilterTarget<'a>, path: &AttributePath) -> Located<'a> {
    let Some(found) = target.schema.lookup(path) else {
        let is_undeclared = path.urn.as_deref().is_some_and(|urn| !target.schema.knows(urn));
        return if is_undeclared {
            Located::Undeclared
        } else {
            Located::Nowhere
        };
    };
    let column = |column, case_exact| Located::One(Scalar::text(row(column), case_exact));
    let is_user = target.kind == Kind::User;
    match (found.urn, found.attribute.name.as_str(), found.sub) {
        (None, "id", _) => Located::One(Scalar::Id(row(users::Column::Id))),
        (None, "externalId", _) => column(users::Column::ExternalId, true),
        (None, "schemas", _) => Located::Schemas,
        (None, "meta", None) => Located::Whole {
            present: truth(true),
            attribute: found.attribute,
        },
        (None, "meta", Some(sub)) => meta(target, &sub.name).map_or(Located::Nowhere, Located::One),
        (None, "displayName", _) => column(users::Column::DisplayNameKey, false),
        (None, "userName", _) if is_user => column(users::Column::UserNameKey, false),
        // Every user has it (R50).
        (None, "active", _) if is_user => Located::One(Scalar::Boolean {
            is_true: row(users::Column::Active),
            is_set: truth(true),
        }),
        (None, "groups", sub) if is_user => many(found.attribute, ElementSource::Groups, sub),
        (None, "members", sub) if !is_user => many(found.attribute, ElementSource::Members, sub),
        (Some(urn::ENTERPRISE_USER), "manager", Some(sub)) if is_user && sub.name == "value" => {
            column(users::Column::ManagerId, true)
        }
        _ => in_document(target, found),
    }
}

const fn many<'a>(attribute: &'a Attribute, source: ElementSource<'a>, sub: Option<&'a Attribute>) -> Located<'a> {
    Located::Many {
        many: Many { attribute, source },
        sub,
    }
}

fn in_document<'a>(target: FilterTarget<'a>, found: ResolvedPath<'a>) -> Located<'a> {
    let attribute = found.attribute;
    let path = DocumentPath::of_resource(found.urn.into_iter().chain([attribute.name.as_str()]).collect());
    let one = |path, attribute| {
        let scalar = ValuePlace::At(path).scalar(target.dialect, attribute);
        scalar.map_or(Located::Nowhere, Located::One)
    };
    if attribute.multi_valued {
        let is_emails = target.kind == Kind::User && found.urn.is_none() && attribute.name == "emails";
        let source = if is_emails {
            ElementSource::Emails(path)
        } else {
            ElementSource::Array(path)
        };
        return many(attribute, source, found.sub);
    }
    match found.sub {
        None if attribute.kind == AttributeType::Complex => Located::Whole {
            present: path.present(target.dialect),
            attribute,
        },
        None => one(path, attribute),
        Some(sub) if sub.multi_valued => many(sub, ElementSource::Array(path.child(&sub.name)), None),
        Some(sub) => one(path.child(&sub.name), sub),
    }
}

fn meta(target: FilterTarget<'_>, name: &str) -> Option<Scalar> {
    match name {
        "resourceType" => Some(Scalar::Constant {
            text: target.schema.name.to_owned(),
            case_exact: true,
        }),
        "created" => Some(Scalar::Millis(row(users::Column::CreatedAt))),
        "lastModified" => Some(Scalar::Millis(row(users::Column::UpdatedAt))),
        // As scim::resource::etag writes it.
        "version" => {
            let version = concat(concat(text("W/\""), row(users::Column::Version)), text("\""));
            Some(Scalar::text(version, true))
        }
        "location" => location(target, target.schema.endpoint, &row(users::Column::Id)),
        _ => None,
    }
}

/// The URL of a resource: `<base><endpoint>/<id>`.
fn location(target: FilterTarget<'_>, endpoint: &str, id: &Expr) -> Option<Scalar> {
    let start = format!("{}{endpoint}/", target.base_url?.trim_end_matches('/'));
    let url = concat(Expr::val(start), id_text(target.dialect, id));
    Some(Scalar::text(url, true))
}

impl<'a> Many<'a> {
    /// A sub-attribute of one element, as it is named in [`Self::rows`].
    pub(super) fn scalar(&self, target: FilterTarget<'_>, sub: &'a Attribute) -> Option<Scalar> {
        use group_members::Column::{GroupId, Kind as MemberKind, MemberId};
        let is_group = || membership(MemberKind).eq(number(1));
        match (&self.source, sub.name.as_str()) {
            (ElementSource::Array(_) | ElementSource::Emails(_), name) => {
                ValuePlace::of_element(target.dialect, name).scalar(target.dialect, sub)
            }
            (ElementSource::Groups, "value") => Some(Scalar::Id(membership(GroupId))),
            (ElementSource::Groups, "display") => {
                let name = Expr::col((GROUP, groups::Column::DisplayNameKey));
                Some(Scalar::text(name, false))
            }
            // Memberships through other groups are not followed.
            (ElementSource::Groups, "type") => Some(Scalar::Constant {
                text: "direct".to_owned(),
                case_exact: false,
            }),
            (ElementSource::Groups, "$ref") => location(target, "/Groups", &membership(GroupId)),
            (ElementSource::Members, "value") => Some(Scalar::Id(membership(MemberId))),
            (ElementSource::Members, "display") => {
                let of_user = Expr::col((USER, users::Column::DisplayNameKey));
                let of_group = Expr::col((GROUP, groups::Column::DisplayNameKey));
                Some(Scalar::text(coalesce(of_user, of_group), false))
            }
            (ElementSource::Members, "type") => {
                let kind = Expr::case(is_group(), text("group")).finally(text("user"));
                Some(Scalar::text(kind.into(), false))
            }
            (ElementSource::Members, "$ref") => {
                let base = target.base_url?.trim_end_matches('/');
                let start = Expr::case(is_group(), format!("{base}/Groups/")).finally(format!("{base}/Users/"));
                let url = concat(start.into(), id_text(target.dialect, &membership(MemberId)));
                Some(Scalar::text(url, true))
            }
            (ElementSource::Groups | ElementSource::Members, _) => None,
        }
    }

    /// The element itself, of an attribute whose elements are plain values.
    pub(super) fn plain(&self, dialect: Dialect) -> Option<Scalar> {
        match self.source {
            ElementSource::Array(_) => ValuePlace::Element.scalar(dialect, self.attribute),
            _ => None,
        }
    }

    /// The elements as rows, of every resource there is where they are memberships.
    fn rows(&self, dialect: Dialect) -> SelectStatement {
        use group_members::Column::{DirectoryId, GroupId, Kind as MemberKind, MemberId};
        let group_is = |id| {
            let is_it = Expr::col((GROUP, groups::Column::Id)).eq(membership(id));
            is_it.and(Expr::col((GROUP, groups::Column::DirectoryId)).eq(membership(DirectoryId)))
        };
        match &self.source {
            ElementSource::Array(path) | ElementSource::Emails(path) => path.elements(dialect),
            ElementSource::Groups => Query::select()
                .from_as(group_members::Entity, MEMBERSHIP)
                .join_as(JoinType::InnerJoin, groups::Entity, GROUP, group_is(GroupId))
                .take(),
            ElementSource::Members => {
                let user_is = Expr::col((USER, users::Column::Id)).eq(membership(MemberId));
                let user_is = user_is.and(Expr::col((USER, users::Column::DirectoryId)).eq(membership(DirectoryId)));
                let kind_is = |kind| membership(MemberKind).eq(number(kind));
                Query::select()
                    .from_as(group_members::Entity, MEMBERSHIP)
                    .join_as(JoinType::LeftJoin, users::Entity, USER, kind_is(0).and(user_is))
                    .join_as(
                        JoinType::LeftJoin,
                        groups::Entity,
                        GROUP,
                        kind_is(1).and(group_is(MemberId)),
                    )
                    .take()
            }
        }
    }

    /// Whether the attribute has any element.
    pub(super) fn present(&self, dialect: Dialect) -> Expr {
        match &self.source {
            ElementSource::Array(path) | ElementSource::Emails(path) => path.present(dialect),
            ElementSource::Groups | ElementSource::Members => self.exists(dialect, truth(true)),
        }
    }

    /// Whether one element satisfies a condition over the columns of [`Self::rows`].
    pub(super) fn exists(&self, dialect: Dialect, condition: Expr) -> Expr {
        use group_members::Column::{DirectoryId, GroupId, MemberId};
        let of_the_row = |id| {
            let is_it = membership(id).eq(row(users::Column::Id));
            is_it.and(membership(DirectoryId).eq(row(users::Column::DirectoryId)))
        };
        let own = match self.source {
            ElementSource::Array(_) | ElementSource::Emails(_) => None,
            ElementSource::Groups => Some(of_the_row(MemberId)),
            ElementSource::Members => Some(of_the_row(GroupId)),
        };
        let rows = self
            .rows(dialect)
            .expr(number(1))
            .and_where_option(own)
            .and_where(condition)
            .take();
        Expr::exists(rows)
    }

    /// The same for a condition that one `value` must be equal to a literal: starts from the index of that value.
    pub(super) fn exists_by_value(&self, target: FilterTarget<'_>, value: &str, condition: Expr) -> Expr {
        let own = match self.source {
            ElementSource::Array(_) => return self.exists(target.dialect, condition),
            ElementSource::Emails(_) => return has_email(target, value).and(self.exists(target.dialect, condition)),
            ElementSource::Groups => group_members::Column::MemberId,
            ElementSource::Members => group_members::Column::GroupId,
        };
        let those = self
            .rows(target.dialect)
            .expr(membership(own))
            .and_where(membership(group_members::Column::DirectoryId).eq(target.directory_id.uuid()))
            .and_where(condition)
            .take();
        row(users::Column::Id).in_subquery(those)
    }
}

/// Whether the user has this address, in any case.
pub(super) fn has_email(target: FilterTarget<'_>, value: &str) -> Expr {
    use user_emails::Column::{DirectoryId, UserId, ValueKey};
    let those = Query::select()
        .column(UserId)
        .from(user_emails::Entity)
        .and_where(Expr::col(DirectoryId).eq(target.directory_id.uuid()))
        .and_where(Expr::col(ValueKey).eq(scim::fold(value)))
        .take();
    row(users::Column::Id).in_subquery(those)
}
