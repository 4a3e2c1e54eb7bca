//! Pages of users, groups and members, by cursor. A page costs what it shows, however many people there are.

use super::People;
use crate::context::AdminContext;
use crate::problem::Problem;
use crate::query::RequestQuery;
use ::events::{MemberRef, ResourceId, ResourceKind, Timestamp};
use api::{Fault, Group, List, Member, MemberType, User};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use scim::filter::{Filter, check_cost};
use scim::schema::ResourceType;
use sha2::{Digest, Sha256};
use store::{ListPage, Page, Position, Query as Search, Total};
use uuid::Uuid;

/// Bytes of a time in a cursor, and of what binds the cursor to its list.
const TIME_BYTES: usize = 8;
const BINDING_BYTES: usize = 8;
const ID_BYTES: usize = 16;

/// Which page of users or groups is asked for.
struct Wanted {
    filter: Option<Filter>,
    after: Option<Position>,
    limit: u16,
    /// What the cursors of this list have at their end.
    binding: [u8; BINDING_BYTES],
}

/// A page of users, from the oldest to the newest.
///
/// # Errors
/// 400 naming the parameter; otherwise as the store.
pub(crate) async fn page_of_users(
    context: &AdminContext,
    people: &People,
    query: RequestQuery,
) -> Result<List<User>, Problem> {
    let wanted = wanted(people, people.policy.user_type(), query)?;
    let base_url = context.scim_url(people.directory.id);
    let search = wanted.search(people.policy.user_type(), &base_url, people.policy.groups_enabled);
    let found = context.store().users(people.directory.id).list(&search).await?;
    let position = |row: &store::UserRow| (row.created_at, row.id);
    wanted.listed(found, position, |row| people.user(row))
}

/// A page of groups, from the oldest to the newest; none where groups are switched off.
///
/// # Errors
/// 400 naming the parameter; otherwise as the store.
pub(crate) async fn page_of_groups(
    context: &AdminContext,
    people: &People,
    query: RequestQuery,
) -> Result<List<Group>, Problem> {
    let wanted = wanted(people, ResourceType::group(), query)?;
    if !people.policy.groups_enabled {
        return Ok(empty());
    }
    let base_url = context.scim_url(people.directory.id);
    let search = wanted.search(ResourceType::group(), &base_url, false);
    let found = context.store().groups(people.directory.id).list(&search).await?;
    let position = |row: &store::GroupRow| (row.created_at, row.id);
    wanted.listed(found, position, |row| people.group(row))
}

/// A page of the members of a group, in order of their ids.
///
/// # Errors
/// 400 for a cursor of another list; otherwise as the store.
pub(crate) async fn page_of_members(
    context: &AdminContext,
    people: &People,
    group: ResourceId,
    page: ListPage,
) -> Result<List<Member>, Problem> {
    let binding = binding(&[b"members", group.uuid().as_bytes()]);
    let after = page.cursor.map(|cursor| {
        let bytes = opened(&cursor, &binding).and_then(|bytes| <[u8; ID_BYTES]>::try_from(bytes).ok());
        bytes.map(|bytes| ResourceId::from(Uuid::from_bytes(bytes)))
    });
    let after = after.map(|after| after.ok_or_else(bad_cursor)).transpose()?;
    let groups = context.store().groups(people.directory.id);
    // One more than asked for tells whether the list goes on.
    let mut found = groups.members(group, after, u32::from(page.limit) + 1).await?;
    let goes_on = found.len() > usize::from(page.limit);
    found.truncate(usize::from(page.limit));
    let next = found.last().filter(|_| goes_on);
    let next_cursor = next.map(|last| sealed(last.id.uuid().as_bytes(), &binding));
    let owner = people.owner();
    let member = |member: MemberRef| Member {
        id: member.id,
        organization_id: owner.organization_id,
        directory_id: owner.directory_id,
        group_id: group,
        r#type: match member.kind {
            ResourceKind::User => MemberType::User,
            ResourceKind::Group => MemberType::Group,
        },
        display_name: member.display,
    };
    Ok(List {
        data: found.into_iter().map(member).collect(),
        next_cursor,
    })
}

const fn empty<T>() -> List<T> {
    List {
        data: Vec::new(),
        next_cursor: None,
    }
}

fn wanted(people: &People, schema: &ResourceType, mut query: RequestQuery) -> Result<Wanted, Problem> {
    let text = query.text("filter");
    let page = query.page();
    let filter = text
        .as_deref()
        .and_then(|text| read_filter(people, schema, &mut query, text));
    let binding = binding(&[
        schema.name.as_bytes(),
        people.directory.id.uuid().as_bytes(),
        text.as_deref().unwrap_or_default().as_bytes(),
    ]);
    let after = page.cursor.as_deref().and_then(|cursor| {
        let position = opened(cursor, &binding).and_then(|bytes| position(&bytes));
        if position.is_none() {
            query.fault("cursor", NO_CURSOR);
        }
        position
    });
    query.finish()?;
    Ok(Wanted {
        filter,
        after,
        limit: page.limit,
        binding,
    })
}

/// A filter as the SCIM service reads it; its faults are added to those of the query.
fn read_filter(people: &People, schema: &ResourceType, query: &mut RequestQuery, text: &str) -> Option<Filter> {
    let read = Filter::parse(text, schema).and_then(|filter| {
        check_cost(Some(&filter), None, schema)?;
        Ok(filter)
    });
    match read {
        Ok(filter) => match people.policy.indexing_of(&filter) {
            None => Some(filter),
            Some(urn) => {
                let detail = format!("{urn} is being indexed and cannot be searched until that is done.");
                query.fault("filter", detail);
                None
            }
        },
        Err(error) => {
            query.fault("filter", format!("Not accepted: {}.", error.detail));
            None
        }
    }
}

impl Wanted {
    fn search<'a>(&'a self, schema: &'a ResourceType, base_url: &'a str, references: bool) -> Search<'a> {
        Search {
            schema: Some(schema),
            base_url: Some(base_url),
            filter: self.filter.as_ref(),
            after: self.after,
            // One more than asked for tells whether the list goes on.
            limit: u32::from(self.limit) + 1,
            total: Total::Omitted,
            references,
            ..Search::default()
        }
    }

    fn listed<R, T>(
        &self,
        mut page: Page<R>,
        position: impl Fn(&R) -> (Timestamp, ResourceId),
        shown: impl FnMut(R) -> Result<T, Problem>,
    ) -> Result<List<T>, Problem> {
        let limit = usize::from(self.limit);
        let goes_on = page.is_cut || page.rows.len() > limit;
        page.rows.truncate(limit);
        let next = page.rows.last().filter(|_| goes_on).map(position);
        Ok(List {
            next_cursor: next.map(|(created_at, id)| {
                let mut place = created_at.millis().to_be_bytes().to_vec();
                place.extend_from_slice(id.uuid().as_bytes());
                sealed(&place, &self.binding)
            }),
            data: page.rows.into_iter().map(shown).collect::<Result<_, _>>()?,
        })
    }
}

const NO_CURSOR: &str = "The cursor is not one of this list with this filter.";

fn bad_cursor() -> Problem {
    Problem::bad_query(vec![Fault::in_query("cursor", NO_CURSOR)])
}

/// The beginning of a hash over what a list is of.
pub(super) fn binding(parts: &[&[u8]]) -> [u8; BINDING_BYTES] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let mut binding = [0; BINDING_BYTES];
    binding.copy_from_slice(&hasher.finalize()[..BINDING_BYTES]);
    binding
}

pub(super) fn sealed(place: &[u8], binding: &[u8; BINDING_BYTES]) -> String {
    URL_SAFE_NO_PAD.encode([place, binding].concat())
}

/// The place in a cursor of the list with this binding.
pub(super) fn opened(cursor: &str, binding: &[u8; BINDING_BYTES]) -> Option<Vec<u8>> {
    let mut bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let place = bytes.len().checked_sub(BINDING_BYTES)?;
    if bytes.split_off(place) != binding {
        return None;
    }
    Some(bytes)
}

fn position(bytes: &[u8]) -> Option<Position> {
    let (time, id) = bytes.split_first_chunk::<TIME_BYTES>()?;
    let id = <[u8; ID_BYTES]>::try_from(id).ok()?;
    Some(Position {
        created_at: Timestamp::from_millis(i64::from_be_bytes(*time)),
        id: ResourceId::from(Uuid::from_bytes(id)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_good_for_its_own_list_only() {
        let (ours, others) = (binding(&[b"User", b"a"]), binding(&[b"Use", b"ra"]));
        let cursor = sealed(&[7; TIME_BYTES + ID_BYTES], &ours);
        assert!(position(&opened(&cursor, &ours).unwrap()).is_some());
        assert_eq!(opened(&cursor, &others), None);
        for strange in ["", "%%%", "AAAA"] {
            assert_eq!(opened(strange, &ours), None, "{strange}");
        }
        assert!(position(&opened(&sealed(&[7; ID_BYTES], &ours), &ours).unwrap()).is_none());
    }
}
