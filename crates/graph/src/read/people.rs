//! People and groups by their ids and names, and lists of them.

use super::lists::{List, Read};
use crate::batch::{BatchRequest, MOST_IN_BATCH};
use crate::delta::{Manager, Member, Object, User};
use crate::error::{GraphError, GraphErrorKind, Unreadable};
use crate::exchange::{Answer, Ask};
use crate::object_id::ObjectId;
use crate::permission::{AnyOf, READ_DELETED_GROUPS, READ_GROUPS, READ_USERS};
use crate::session::Session;
use futures_util::stream::Stream;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

/// So many people are read by their ids at once.
pub const MOST_AT_ONCE: usize = MOST_IN_BATCH;
/// The longest name to log in with, in characters: 64 before the `@`, and a domain.
const LONGEST_NAME: usize = 1_024;
/// Everything in a name but what no URL treats in any way.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'@');

/// Everything but what names of attributes have.
const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_');

/// An object that was asked for by its id: `None` where there is none any more.
pub type Named = (ObjectId, Result<Option<Object>, GraphError>);

/// A person who was asked for by id, likewise.
pub type NamedPerson = (ObjectId, Result<Option<User>, GraphError>);

impl Session {
    /// A person by id; `None` where there is none: never was, or is deleted.
    ///
    /// # Errors
    /// [`GraphError`].
    pub async fn user(&self, id: ObjectId, select: &[String]) -> Result<Option<Object>, GraphError> {
        self.one(&format!("/users/{id}"), select).await
    }

    /// A person by the name to log in with: `None` where there is none, and for what is no such name.
    ///
    /// # Errors
    /// [`GraphError`].
    pub async fn user_by_name(&self, name: &str, select: &[String]) -> Result<Option<Object>, GraphError> {
        let name = name.trim();
        if !name.contains('@') || name.len() > LONGEST_NAME {
            return Ok(None);
        }
        self.one(&format!("/users/{}", utf8_percent_encode(name, IN_PATH)), select)
            .await
    }

    /// People by their ids, [`MOST_AT_ONCE`] at a time at most; of more, nothing is sent.
    ///
    /// # Errors
    /// [`GraphError`] of the whole; each id has its own beside it.
    pub async fn users_by_ids(&self, ids: &[ObjectId], select: &[String]) -> Result<Vec<Named>, GraphError> {
        let path = |id: &ObjectId| format!("/users/{id}{}", selection(select));
        self.by_ids(path, READ_USERS, ids, Object::read).await
    }

    /// The same with their managers. Whoever has none, or one who is deleted, is [`Manager::Unchanged`]: the answers are the same.
    ///
    /// # Errors
    /// As of [`Session::users_by_ids`].
    pub async fn people_by_ids(&self, ids: &[ObjectId], select: &[String]) -> Result<Vec<NamedPerson>, GraphError> {
        let path = |id: &ObjectId| format!("/users/{id}{}&$expand=manager($levels=1;$select=id)", selection(select));
        self.by_ids(path, READ_USERS, ids, |mut members| {
            let manager = match members.remove("manager") {
                None | Some(Value::Null) => Manager::Unchanged,
                Some(value) => Member::read(value).map(|manager| Manager::Is(manager.id, manager.kind))?,
            };
            let object = Object::read(members)?;
            Ok(User { object, manager })
        })
        .await
    }

    /// Groups by their ids, likewise.
    ///
    /// # Errors
    /// As of [`Session::users_by_ids`].
    pub async fn groups_by_ids(&self, ids: &[ObjectId], select: &[String]) -> Result<Vec<Named>, GraphError> {
        let path = |id: &ObjectId| format!("/groups/{id}{}", selection(select));
        self.by_ids(path, READ_GROUPS, ids, Object::read).await
    }

    async fn by_ids<T>(
        &self,
        path: impl Fn(&ObjectId) -> String,
        any_of: AnyOf,
        ids: &[ObjectId],
        read: Read<T>,
    ) -> Result<Vec<(ObjectId, Result<Option<T>, GraphError>)>, GraphError> {
        let request = |id: &ObjectId| BatchRequest {
            path: path(id),
            cost: 1,
            any_of,
            after: None,
        };
        let answers = self.batch(&ids.iter().map(request).collect::<Vec<_>>()).await?;
        let unreadable = |what| {
            let kind = GraphErrorKind::Unreadable(Unreadable::Shape(what));
            GraphError::new(kind, crate::Trace::default())
        };
        let answer = |answer: Result<Value, GraphError>| match answer {
            Ok(Value::Object(members)) => read(members).map(Some).map_err(unreadable),
            Ok(_) => Err(unreadable("object as what was asked for")),
            Err(error) => none_if_missing(error),
        };
        Ok(ids.iter().copied().zip(answers.into_iter().map(answer)).collect())
    }

    async fn one(&self, path: &str, select: &[String]) -> Result<Option<Object>, GraphError> {
        let url = self.identity.endpoints.url(&format!("{path}{}", selection(select)));
        let read = |answer: Answer| {
            let members: Map<String, Value> = answer.read()?;
            Object::read(members).map_err(|what| answer.unreadable(Unreadable::Shape(what)))
        };
        match self.ask(&Ask::get(url, 1, READ_USERS), read).await {
            Ok(object) => Ok(Some(object)),
            Err(error) => none_if_missing(error),
        }
    }

    /// Direct members of a group, whatever they are.
    pub fn members(&self, group: ObjectId) -> impl Stream<Item = Result<Vec<Member>, GraphError>> + Send + use<> {
        self.pages(Self::members_list(group), |members| Member::read(members.into()))
    }

    pub(super) fn members_list(group: ObjectId) -> List {
        List {
            path: format!("/groups/{group}/members"),
            query: "?$select=id&$top=999".to_owned(),
            cost: 2,
            any_of: READ_GROUPS,
            eventual: false,
        }
    }

    /// People who are in a group, at whatever depth. Graph searches its index for them, which may lag behind.
    pub fn transitive_users(
        &self,
        group: ObjectId,
    ) -> impl Stream<Item = Result<Vec<ObjectId>, GraphError>> + Send + use<> {
        let list = List {
            path: format!("/groups/{group}/transitiveMembers/microsoft.graph.user"),
            query: "?$count=true&$select=id&$top=999".to_owned(),
            cost: 4,
            any_of: READ_GROUPS,
            eventual: true,
        };
        self.pages(list, |members| Object::read(members).map(|object| object.id))
    }

    /// People who were deleted and can be had back for thirty days: `id`, `userPrincipalName`, `deletedDateTime`.
    pub fn deleted_users(&self) -> impl Stream<Item = Result<Vec<Object>, GraphError>> + Send + use<> {
        let list = List {
            path: "/directory/deletedItems/microsoft.graph.user".to_owned(),
            query: "?$select=id,userPrincipalName,deletedDateTime&$top=999".to_owned(),
            cost: 1,
            any_of: READ_USERS,
            eventual: false,
        };
        self.pages(list, Object::read)
    }

    /// Groups that were deleted and can be had back: `id`, `displayName`, `deletedDateTime`. Security groups were gone at once
    /// for long, and may be so still.
    pub fn deleted_groups(&self) -> impl Stream<Item = Result<Vec<Object>, GraphError>> + Send + use<> {
        let list = List {
            path: "/directory/deletedItems/microsoft.graph.group".to_owned(),
            query: "?$select=id,displayName,deletedDateTime&$top=999".to_owned(),
            cost: 1,
            any_of: READ_DELETED_GROUPS,
            eventual: false,
        };
        self.pages(list, Object::read)
    }

    /// Everybody with their manager, which delta queries do not bring reliably. Unlike what changed, this list is whole: whoever
    /// has none is [`Manager::Cleared`].
    pub fn managers(&self) -> impl Stream<Item = Result<Vec<(ObjectId, Manager)>, GraphError>> + Send + use<> {
        let list = List {
            path: "/users".to_owned(),
            query: "?$select=id&$expand=manager($levels=1;$select=id)&$top=999".to_owned(),
            cost: 2,
            any_of: READ_USERS,
            eventual: false,
        };
        self.pages(list, |mut members| {
            let manager = match members.remove("manager") {
                None | Some(Value::Null) => Manager::Cleared,
                Some(value) => Member::read(value).map(|manager| Manager::Is(manager.id, manager.kind))?,
            };
            Ok((Object::read(members)?.id, manager))
        })
    }
}

fn selection(select: &[String]) -> String {
    if select.is_empty() {
        return "?$select=id".to_owned();
    }
    // A relation cannot be selected outside of delta queries.
    let names = select
        .iter()
        .filter(|name| !matches!(name.as_str(), "manager" | "members"));
    let names: Vec<String> = names
        .map(|name| utf8_percent_encode(name, IN_QUERY).to_string())
        .collect();
    format!("?$select=id,{}", names.join(","))
}

fn none_if_missing<T>(error: GraphError) -> Result<Option<T>, GraphError> {
    match *error.kind {
        GraphErrorKind::NotFound => Ok(None),
        _ => Err(error),
    }
}
