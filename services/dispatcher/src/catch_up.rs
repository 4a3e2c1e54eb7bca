//! The past for those who asked for it: a snapshot or the log, page by page, until live events take over.
//!
//! Pages are stored as deliveries like any others, so they are sent with the same limits, order and retries, and a page
//! that is stored is not made again after a restart. What an endpoint has not taken yet holds its own next page back and
//! nobody else's.

use crate::endpoints::LoadedEndpoint;
use crate::engine::Engine;
use crate::people::people;
use directory::{Group, MemberBrief, ParsedEvent, Rendering, User};
use events::{
    DeliveryId, DirectoryId, EndpointId, Event, EventBody, EventId, EventType, ResourceId, Source, StoredResource,
    Timestamp,
};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{CatchUp, CatchUpPhase, Directory, NewDelivery, OwnBody, Store, StoreError};
use tokio_util::sync::CancellationToken;

/// Events, users, groups or memberships stored in one step.
const PAGE_ROWS: u32 = 200;
/// An endpoint with so many deliveries open gets its next page later.
const MOST_OPEN: u32 = 1_000;
/// Directories looked at in one round.
const DIRECTORIES_A_ROUND: u32 = 64;
/// How often the dispatcher asks whether somebody asked for the past.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);
/// How long a directory whose past could not be sent is left alone.
const REST_TIME: Duration = Duration::from_secs(60);
/// Every so many looks.
const COMPLETE_EVERY: u32 = 10;

/// Feeds endpoints that are behind.
#[derive(Debug)]
pub(crate) struct Feeder {
    pub(crate) engine: Arc<Engine>,
    pub(crate) store: Store,
    pub(crate) soft: CancellationToken,
}

/// What a step stores.
struct CatchUpPage {
    next: CatchUp,
    events: Vec<Event>,
}

/// How far the feeder is in its rounds.
#[derive(Default)]
struct Round {
    /// The last one looked at.
    after: Option<(EndpointId, DirectoryId)>,
    /// Whether somebody may have come to the end of the past since that was last noted.
    ended: bool,
    looks: u32,
    /// Directories whose past could not be sent, with the time to try again.
    resting: HashMap<(EndpointId, DirectoryId), Instant>,
}

impl Round {
    /// After work, at the start, and from time to time: an endpoint may have asked for the past of nothing.
    fn is_time_to_complete(&mut self) -> bool {
        let is_time = self.ended || self.looks.is_multiple_of(COMPLETE_EVERY);
        self.looks = self.looks.wrapping_add(1);
        self.ended = false;
        is_time
    }
}

impl Feeder {
    pub(crate) async fn run(self) {
        let mut round = Round::default();
        let mut pause = Duration::ZERO;
        while self.soft.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
            // Not cancelled in the middle: a step is short.
            pause = match self.round(&mut round).await {
                Ok(true) => Duration::ZERO,
                Ok(false) => LOOK_INTERVAL,
                Err(error) => {
                    tracing::warn!(error = %telemetry::chain(&error), "endpoints that are behind are not fed at the moment");
                    LOOK_INTERVAL * 5
                }
            };
        }
    }

    /// One step for each of the next directories of endpoints that are behind; whether there is more to do at once.
    async fn round(&self, round: &mut Round) -> Result<bool, StoreError> {
        if round.is_time_to_complete() {
            self.store.catch_ups().complete(Timestamp::now()).await?;
        }
        let open = self.store.catch_ups().open(round.after, DIRECTORIES_A_ROUND).await?;
        // In turn, so that those who cannot move do not hide the others.
        round.after = open
            .last()
            .filter(|_| open.len() >= DIRECTORIES_A_ROUND as usize)
            .map(|row| (row.endpoint_id, row.directory_id));
        if open.is_empty() {
            return Ok(false);
        }
        round.ended = true;
        let endpoints = self.engine.endpoints.load().await?;
        let mut moved = false;
        for row in open {
            if self.soft.is_cancelled() {
                return Ok(false);
            }
            let Some(endpoint) = endpoints.iter().find(|endpoint| endpoint.id == row.endpoint_id) else {
                continue;
            };
            let now = Instant::now();
            round.resting.retain(|_, until| *until > now);
            if round.resting.contains_key(&(row.endpoint_id, row.directory_id)) {
                continue;
            }
            match self.step(endpoint, row).await {
                Ok(did) => moved |= did,
                Err(error) if error.is_transient() => return Err(error),
                // One directory that cannot be read must not hold the others up.
                Err(error) => {
                    let again = Instant::now() + REST_TIME;
                    round.resting.insert((row.endpoint_id, row.directory_id), again);
                    tracing::error!(endpoint.id = %row.endpoint_id, directory.id = %row.directory_id,
                        error = %telemetry::chain(&error), "the past of a directory cannot be sent");
                }
            }
        }
        Ok(moved || round.after.is_some())
    }

    async fn step(&self, endpoint: &Arc<LoadedEndpoint>, row: CatchUp) -> Result<bool, StoreError> {
        if !self.store.catch_ups().has_room(row.endpoint_id, MOST_OPEN).await? {
            return Ok(false);
        }
        match row.phase {
            CatchUpPhase::Done => Ok(false),
            CatchUpPhase::Log => self.step_log(endpoint, row).await,
            CatchUpPhase::Start => self.step_start(row).await,
            _ => self.step_snapshot(endpoint, row).await,
        }
    }

    /// A page of the log, read under the lock that live events wait for. The last one hands over.
    async fn step_log(&self, endpoint: &Arc<LoadedEndpoint>, row: CatchUp) -> Result<bool, StoreError> {
        let follows_snapshot = row.snapshot_at > 0 && row.sequence == row.snapshot_at;
        if follows_snapshot && !self.store.catch_ups().is_settled(&row).await? {
            return Ok(false);
        }
        let Some(step) = self.store.catch_ups().begin(row).await? else {
            return Ok(false);
        };
        let events = step.events(PAGE_ROWS).await?;
        let is_last = events.len() < PAGE_ROWS as usize;
        let mut next = row;
        next.sequence = events.last().map_or(row.sequence, |event| event.sequence);
        if is_last {
            next.phase = CatchUpPhase::Done;
            // What comes live from now on stays behind what is stored here.
            self.engine.queue().spill(row.endpoint_id);
        }
        let (new, bodies) = self.deliveries(endpoint, &events, false).await?;
        step.finish(&next, &new, &bodies, Timestamp::now()).await?;
        self.engine.due.notify_one();
        Ok(true)
    }

    /// The moment that the snapshot is true at.
    async fn step_start(&self, row: CatchUp) -> Result<bool, StoreError> {
        let Some(step) = self.store.catch_ups().begin(row).await? else {
            return Ok(false);
        };
        let sequence = step.last_sequence().await?;
        let next = CatchUp {
            phase: CatchUpPhase::Users,
            snapshot_at: sequence,
            sequence,
            ..row
        };
        step.finish(&next, &[], &[], Timestamp::now()).await?;
        Ok(true)
    }

    /// Each phase begins when all of the one before was sent at least once: what is in it may be relied on.
    async fn step_snapshot(&self, endpoint: &Arc<LoadedEndpoint>, row: CatchUp) -> Result<bool, StoreError> {
        let is_fresh = row.after.is_none();
        if is_fresh && !self.store.catch_ups().is_settled(&row).await? {
            return Ok(false);
        }
        let Some(directory) = self.store.directories().by_id(row.directory_id).await? else {
            return self.skip(row).await;
        };
        let page = self.page(&directory, row).await?;
        let (new, bodies) = self.deliveries(endpoint, &page.events, true).await?;
        let mut next = page.next;
        for new in &new {
            match new.event_type {
                EventType::SnapshotUser => next.told[0] += 1,
                EventType::SnapshotGroup => next.told[1] += 1,
                EventType::SnapshotMember => next.told[2] += 1,
                _ => {}
            }
        }
        let Some(step) = self.store.catch_ups().begin(row).await? else {
            return Ok(false);
        };
        step.finish(&next, &new, &bodies, Timestamp::now()).await?;
        self.engine.due.notify_one();
        Ok(true)
    }

    /// A directory that is gone has no state; its end is in the log.
    async fn skip(&self, row: CatchUp) -> Result<bool, StoreError> {
        let Some(step) = self.store.catch_ups().begin(row).await? else {
            return Ok(false);
        };
        let next = CatchUp {
            phase: CatchUpPhase::Log,
            ..row
        };
        step.finish(&next, &[], &[], Timestamp::now()).await?;
        Ok(true)
    }

    async fn page(&self, directory: &Directory, row: CatchUp) -> Result<CatchUpPage, StoreError> {
        let state = self.store.state_at(row.directory_id, row.snapshot_at);
        let event = |kind, subject, data| snapshot_event(directory, row.snapshot_at, kind, subject, data);
        let mut next = row;
        let events = match row.phase {
            CatchUpPhase::Users => {
                let page = state.users(row.after, PAGE_ROWS).await?;
                advance(&mut next, page.next.map(|id| (id, None)), CatchUpPhase::Groups);
                self.users(directory, &page.rows, event).await?
            }
            CatchUpPhase::Groups => {
                let page = state.groups(row.after, PAGE_ROWS).await?;
                advance(&mut next, page.next.map(|id| (id, None)), CatchUpPhase::Members);
                let told = page.rows.iter().map(|group| {
                    let data = json!({ "group": directory::normalized_group(group, directory.owner()) });
                    event(EventType::SnapshotGroup, Some(group.id), data)
                });
                told.collect::<Result<_, _>>()?
            }
            CatchUpPhase::Members => {
                let page = state.members(row.after.zip(row.after_member), PAGE_ROWS).await?;
                let end = page.next.map(|(group, member)| (group, Some(member)));
                advance(&mut next, end, CatchUpPhase::Completed);
                self.members(directory, &page.rows, event).await?
            }
            _ => {
                advance(&mut next, None, CatchUpPhase::Log);
                let [users, groups, members] = row.told;
                let data = json!({ "snapshot": { "sequence": row.snapshot_at, "users": users, "groups": groups, "members": members } });
                vec![event(EventType::SnapshotCompleted, None, data)?]
            }
        };
        Ok(CatchUpPage { next, events })
    }

    async fn users(
        &self,
        directory: &Directory,
        users: &[User],
        event: impl Fn(EventType, Option<ResourceId>, Value) -> Result<Event, StoreError>,
    ) -> Result<Vec<Event>, StoreError> {
        let policy = directory.policy()?;
        let ids: Vec<_> = users.iter().map(|user| user.id).collect();
        let rows = self.store.users(directory.id).by_ids(&ids, true).await?;
        let mut groups: HashMap<_, _> = rows
            .into_iter()
            .map(|row| (row.id, row.groups.unwrap_or_default()))
            .collect();
        let told = users.iter().map(|user| {
            let groups = groups.remove(&user.id).unwrap_or_default();
            let user_now = directory::normalized_user(user, directory.owner(), &groups, &policy);
            event(EventType::SnapshotUser, Some(user.id), json!({ "user": user_now }))
        });
        told.collect()
    }

    async fn members(
        &self,
        directory: &Directory,
        members: &[store::MemberAt],
        event: impl Fn(EventType, Option<ResourceId>, Value) -> Result<Event, StoreError>,
    ) -> Result<Vec<Event>, StoreError> {
        let mut users: Vec<_> = members.iter().filter(|m| !m.is_group).map(|m| m.member_id).collect();
        let mut groups: Vec<_> = members.iter().map(|m| m.group_id).collect();
        groups.extend(members.iter().filter(|m| m.is_group).map(|m| m.member_id));
        for ids in [&mut users, &mut groups] {
            ids.sort_unstable();
            ids.dedup();
        }
        let users = self.store.users(directory.id).by_ids(&users, false).await?;
        let users = users
            .into_iter()
            .map(|row| Ok(MemberBrief::of_user(&user_row(row.into_stored()?))));
        let users = by_id(users)?;
        let groups = self.store.groups(directory.id).by_ids(&groups).await?;
        let groups = groups
            .into_iter()
            .map(|row| Ok(MemberBrief::of_group(&group_row(row.into_stored()?))));
        let groups = by_id(groups)?;
        let told = members.iter().map(|member| {
            let name = groups.get(&member.group_id).map(MemberBrief::display);
            let group = json!({ "id": member.group_id, "display_name": name });
            let (key, known) = if member.is_group {
                ("member", &groups)
            } else {
                ("user", &users)
            };
            let who = known.get(&member.member_id).map(MemberBrief::to_json);
            let who = who.unwrap_or_else(|| json!({ "id": member.member_id }));
            event(
                EventType::SnapshotMember,
                Some(member.group_id),
                json!({ "group": group, key: who }),
            )
        });
        told.collect()
    }

    /// What the endpoint gets of these events.
    async fn deliveries(
        &self,
        endpoint: &Arc<LoadedEndpoint>,
        events: &[Event],
        own: bool,
    ) -> Result<(Vec<NewDelivery>, Vec<OwnBody>), StoreError> {
        let parsed: Vec<ParsedEvent<'_>> = events.iter().map(ParsedEvent::of).collect();
        let people = people(&self.store, std::slice::from_ref(endpoint), &parsed).await?;
        let (mut new, mut bodies) = (Vec::with_capacity(events.len()), Vec::new());
        for parsed in &parsed {
            let event = parsed.event;
            let Ok(told) = endpoint.subscription.tell(parsed, &people) else {
                continue;
            };
            let id = DeliveryId::new();
            let (event_type, body) = match told {
                Rendering::AsItIs if own => (event.kind, Some(event.body.as_str().into())),
                Rendering::AsItIs => (event.kind, None),
                Rendering::Rendered(kind, body) => (kind, Some(body)),
            };
            bodies.extend(body.map(|body| OwnBody {
                delivery_id: id,
                directory_id: event.directory_id,
                body,
            }));
            new.push(NewDelivery {
                id,
                endpoint_id: endpoint.id,
                event_id: event.id,
                directory_id: event.directory_id,
                subject_id: event.subject_id,
                sequence: event.sequence,
                event_type,
                claim: false,
                after: None,
                ordered: endpoint.ordered,
            });
        }
        Ok((new, bodies))
    }
}

/// Moves on within the phase, or to the next.
fn advance(next: &mut CatchUp, end: Option<(ResourceId, Option<ResourceId>)>, then: CatchUpPhase) {
    next.after = end.map(|(id, _)| id);
    next.after_member = end.and_then(|(_, member)| member);
    if end.is_none() {
        next.phase = then;
    }
}

fn snapshot_event(
    directory: &Directory,
    sequence: i64,
    kind: EventType,
    subject: Option<ResourceId>,
    data: Value,
) -> Result<Event, StoreError> {
    let body = EventBody {
        kind,
        timestamp: Timestamp::now(),
        id: EventId::new(),
        sequence,
        organization_id: directory.organization_id,
        directory_id: directory.id,
        source: Source::System,
        data,
    };
    Event::new(&body, subject, None).map_err(|error| StoreError::Defect(format!("a snapshot is not JSON: {error}")))
}

fn by_id(
    briefs: impl Iterator<Item = Result<MemberBrief, StoreError>>,
) -> Result<HashMap<ResourceId, MemberBrief>, StoreError> {
    briefs.map(|brief| brief.map(|brief| (brief.id(), brief))).collect()
}

fn user_row(stored: StoredResource) -> User {
    User {
        id: stored.id,
        attributes: stored.attributes,
        version: stored.version,
        created_at: stored.created_at,
        updated_at: stored.updated_at,
    }
}

fn group_row(stored: StoredResource) -> Group {
    Group {
        id: stored.id,
        attributes: stored.attributes,
        version: stored.version,
        created_at: stored.created_at,
        updated_at: stored.updated_at,
    }
}
