//! Everybody in a group and in the groups inside it, each with the group that they are in. A group that is met again is not
//! gone into again, so groups that hold each other come to an end.

use super::lists::List;
use crate::delta::Member;
use crate::error::{GraphError, GraphErrorKind, Trace, Unreadable};
use crate::link::DeltaLink;
use crate::map::Skip;
use crate::object_id::{ObjectId, ObjectKind};
use crate::session::Session;
use futures_util::stream::{self, Stream};
use std::collections::{HashSet, VecDeque};

/// Groups that are gone into from one group, at most.
pub const MOST_NESTED_GROUPS: usize = 10_000;

/// Something that is in a group, or in one inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nested {
    /// What it is.
    pub id: ObjectId,
    /// Its kind.
    pub kind: ObjectKind,
    /// The group that it is a direct member of.
    pub through: ObjectId,
    /// How many groups are between it and the first one: 0 for direct members.
    pub depth: u32,
    /// Why it counts for nothing: it is neither person nor group, or a group that was met before.
    pub skipped: Option<Skip>,
}

struct Walk {
    session: Session,
    waiting: VecDeque<(ObjectId, u32)>,
    met: HashSet<ObjectId>,
    /// The group that is being read, and where it goes on.
    open: Option<Open>,
}

struct Open {
    group: ObjectId,
    depth: u32,
    list: List,
    link: Option<DeltaLink>,
    pages: usize,
}

impl Session {
    /// Everything in a group and the groups inside it, page by page, groups that are nearer first. Somebody who is in several of
    /// them comes several times.
    pub fn nested_members(
        &self,
        group: ObjectId,
    ) -> impl Stream<Item = Result<Vec<Nested>, GraphError>> + Send + use<> {
        let walk = Walk {
            session: self.clone(),
            waiting: VecDeque::from([(group, 0)]),
            met: HashSet::from([group]),
            open: None,
        };
        stream::try_unfold(walk, |mut walk| async move {
            let page = walk.page().await?;
            Ok(page.map(|page| (page, walk)))
        })
    }
}

impl Walk {
    async fn page(&mut self) -> Result<Option<Vec<Nested>>, GraphError> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => match self.waiting.pop_front() {
                Some((group, depth)) => Open {
                    group,
                    depth,
                    list: Session::members_list(group),
                    link: None,
                    pages: 0,
                },
                None => return Ok(None),
            },
        };
        let read = |members: serde_json::Map<_, _>| Member::read(members.into());
        let page = self.session.list_page(&open.list, open.link.as_ref(), open.pages, read);
        let (members, next) = page.await?;
        let mut found = Vec::with_capacity(members.len());
        for member in members {
            found.push(self.meet(member, &open)?);
        }
        open.pages += 1;
        if next.is_some() {
            open.link = next;
            self.open = Some(open);
        }
        Ok(Some(found))
    }

    fn meet(&mut self, member: Member, open: &Open) -> Result<Nested, GraphError> {
        let skipped = match member.kind {
            ObjectKind::User => None,
            ObjectKind::Group if self.met.insert(member.id) => {
                if self.met.len() > MOST_NESTED_GROUPS {
                    let kind = GraphErrorKind::Unreadable(Unreadable::Endless {
                        limit: MOST_NESTED_GROUPS,
                    });
                    return Err(GraphError::new(kind, Trace::default()));
                }
                self.waiting.push_back((member.id, open.depth + 1));
                None
            }
            ObjectKind::Group => Some(Skip::GroupMetBefore),
            _ => Some(Skip::MemberKind),
        };
        Ok(Nested {
            id: member.id,
            kind: member.kind,
            through: open.group,
            depth: open.depth,
            skipped,
        })
    }
}
