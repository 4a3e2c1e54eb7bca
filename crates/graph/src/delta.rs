//! Delta queries: everything, a page at a time, and from then on what changed.
//!
//! A round begins with [`Session::first_link`] and follows `next` until it is [`Next::Done`], whose link begins the next round.
//! Links are followed character by character. An object may come several times in a round, and again in later ones; a large
//! group comes on several pages, with other members on each. What is selected is in the link: with another selection a round
//! must begin again.
//!
//! Source: <https://learn.microsoft.com/graph/delta-query-overview>, <https://learn.microsoft.com/graph/delta-query-users>,
//! <https://learn.microsoft.com/graph/delta-query-groups>.

mod items;

pub use items::{Given, Group, Manager, Member, Object, Removal, User};

use crate::error::{GraphError, Unreadable};
use crate::exchange::{Answer, Ask, RawPage};
use crate::link::DeltaLink;
use crate::object_id::ObjectId;
use crate::permission::{AnyOf, READ_GROUPS, READ_USERS};
use crate::session::Session;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Graph takes so many ids in the filter of a delta query.
pub const MOST_IDS: usize = 50;
/// A page of a delta query with selected attributes, in resource units.
const COST: u32 = 1;

/// What delta queries are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Collection {
    /// People.
    Users,
    /// Groups and their direct members.
    Groups,
}

impl Collection {
    /// The paths that links of it may have: Graph writes the same function in four ways.
    fn paths(self) -> Vec<String> {
        let name = match self {
            Self::Users => "/users",
            Self::Groups => "/groups",
        };
        ["delta", "delta()", "microsoft.graph.delta", "microsoft.graph.delta()"]
            .map(|function| format!("{name}/{function}"))
            .into()
    }

    const fn any_of(self) -> AnyOf {
        match self {
            Self::Users => READ_USERS,
            Self::Groups => READ_GROUPS,
        }
    }
}

/// Where a round begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begin {
    /// With everything there is.
    All,
    /// With these alone, at most [`MOST_IDS`]; none but them are in later rounds, either.
    Only(Vec<ObjectId>),
    /// With nothing: later rounds bring what changes from now on.
    FromNow,
}

/// One page of a round.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// What is on it; often nothing, even where more pages follow.
    pub items: Vec<T>,
    /// Where to go on.
    pub next: Next,
}

/// Where a round goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// With another page.
    More(DeltaLink),
    /// It is complete. The next round begins here.
    Done(DeltaLink),
}

impl Next {
    /// The link to store with what the page brought, in one transaction.
    #[must_use]
    pub const fn link(&self) -> &DeltaLink {
        match self {
            Self::More(link) | Self::Done(link) => link,
        }
    }

    /// Whether the round is complete.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }
}

/// Why there is no link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BeginError {
    /// Without a selection Graph tracks a set of attributes that leaves out whether an account is enabled.
    #[error("a round must select attributes")]
    NothingSelected,
    /// A name has other characters than letters, digits and underscores.
    #[error("a name of an attribute has letters, digits and underscores")]
    Name,
    /// None, or more than [`MOST_IDS`].
    #[error("a round is narrowed to 1 to {MOST_IDS} ids")]
    Ids,
}

impl Session {
    /// The link of a round's first page, with the attributes that are selected (such as those of
    /// [`crate::map::AttributeMap::select`]). Nothing is sent.
    ///
    /// # Errors
    /// [`BeginError`].
    pub fn first_link(
        &self,
        collection: Collection,
        select: &[String],
        begin: &Begin,
    ) -> Result<DeltaLink, BeginError> {
        if select.is_empty() {
            return Err(BeginError::NothingSelected);
        }
        let is_name = |name: &String| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !select.iter().all(is_name) {
            return Err(BeginError::Name);
        }
        let path = match collection {
            Collection::Users => "/users/delta",
            Collection::Groups => "/groups/delta",
        };
        let mut url = format!("{}?$select={}", self.identity.endpoints.url(path), select.join(","));
        match begin {
            Begin::All => {}
            Begin::FromNow => url.push_str("&$deltatoken=latest"),
            Begin::Only(ids) if (1..=MOST_IDS).contains(&ids.len()) => {
                let ids: Vec<_> = ids.iter().map(|id| format!("id%20eq%20'{id}'")).collect();
                url.push_str("&$filter=");
                url.push_str(&ids.join("%20or%20"));
            }
            Begin::Only(_) => return Err(BeginError::Ids),
        }
        Ok(DeltaLink::from_stored(url))
    }

    /// A page of people.
    ///
    /// # Errors
    /// [`GraphError`]; [`crate::GraphErrorKind::Resync`] when the round must begin again with a first link.
    pub async fn users_page(&self, link: &DeltaLink) -> Result<Page<User>, GraphError> {
        self.page(Collection::Users, link, User::read).await
    }

    /// A page of groups.
    ///
    /// # Errors
    /// As of [`Session::users_page`].
    pub async fn groups_page(&self, link: &DeltaLink) -> Result<Page<Group>, GraphError> {
        self.page(Collection::Groups, link, Group::read).await
    }

    async fn page<T>(
        &self,
        collection: Collection,
        link: &DeltaLink,
        read: fn(Map<String, Value>) -> Result<T, &'static str>,
    ) -> Result<Page<T>, GraphError> {
        let paths = collection.paths();
        let url = self.pinned(link, &paths)?;
        let ask = Ask {
            delta: true,
            ..Ask::get(url, COST, collection.any_of())
        };
        let parse = |answer: Answer| {
            let page = RawPage::read(&answer, &self.identity.endpoints, &paths)?;
            let next = match (page.next, page.delta) {
                (Some(next), None) => Next::More(next),
                (None, Some(delta)) => Next::Done(delta),
                _ => return Err(answer.unreadable(Unreadable::Links)),
            };
            let read = |members| read(members).map_err(|what| answer.unreadable(Unreadable::Shape(what)));
            let items = page.items.into_iter().map(read).collect::<Result<_, _>>()?;
            Ok(Page { items, next })
        };
        self.ask(&ask, parse).await
    }
}
