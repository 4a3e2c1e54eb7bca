//! Managers after a full round: delta queries tell who became somebody's manager, and leave out who no longer is.

use crate::error::Stop;
use crate::look::look;
use crate::work::Work;
use events::ResourceKind;
use futures_util::TryStreamExt as _;
use graph::ObjectKind;
use graph::delta::Manager;
use std::collections::{HashMap, HashSet};
use std::pin::pin;
use store::{GraphCollection, GraphObject, GraphObjectKind, SeenManager, SeenObject};
use uuid::Uuid;

/// Compares all managers with those that are known, where a full round went over people who were known before.
pub(crate) async fn check(work: &mut Work) -> Result<(), Stop> {
    let cursor = work.cursors.of(GraphCollection::Users);
    let is_due = cursor.is_some_and(|cursor| {
        cursor.is_full && cursor.is_complete && cursor.known > 0 && cursor.round == work.progress.users_round
    });
    if !is_due || !work.users.has_manager() {
        return Ok(());
    }
    let round = cursor.map_or(0, |cursor| cursor.round);
    let session = work.session.clone();
    let mut pages = pin!(session.managers());
    loop {
        work.check()?;
        let Some(page) = work.ask(pages.try_next()).await? else {
            return Ok(());
        };
        let said: HashMap<Uuid, Option<Uuid>> = page
            .into_iter()
            .map(|(id, manager)| (id.uuid(), user(manager)))
            .collect();
        let ids: Vec<Uuid> = said.keys().copied().collect();
        let known = work.objects.by_ids(&ids).await?;
        let is_here = |object: &&GraphObject| object.removed.is_none() && object.skipped.is_none();
        let is_now = |object: &GraphObject| said.get(&object.object_id).copied().flatten();
        let known: Vec<&GraphObject> = known.iter().filter(is_here).collect();
        let differing = known
            .into_iter()
            .filter(|object| object.manager_object_id != is_now(object));
        let differing: Vec<&GraphObject> = differing.collect();
        // A list leaves out managers who are deleted and can be had back: only of one who is there it says that they are none.
        let without = differing.iter().filter(|object| is_now(object).is_none());
        let mut bosses: Vec<Uuid> = without.filter_map(|object| object.manager_object_id).collect();
        bosses.sort_unstable();
        bosses.dedup();
        let looked = look(work, ResourceKind::User, &bosses).await?.into_iter();
        let there: HashSet<Uuid> = looked.filter_map(|(id, object)| object.map(|_| id)).collect();
        let is_certain = |object: &&&GraphObject| {
            is_now(object).is_some() || object.manager_object_id.is_some_and(|boss| there.contains(&boss))
        };
        let changed: Vec<SeenObject> = differing
            .iter()
            .filter(is_certain)
            .map(|object| SeenObject {
                object_id: object.object_id,
                kind: GraphObjectKind::User,
                resource_id: None,
                name: None,
                kept: None,
                skipped: None,
                removed: None,
                manager: match is_now(object) {
                    Some(manager) => SeenManager::Is(manager),
                    None => SeenManager::Cleared,
                },
            })
            .collect();
        if !changed.is_empty() {
            work.writer.objects(round, changed, work.now()).await?;
            work.progress.rest = true;
        }
    }
}

const fn user(manager: Manager) -> Option<Uuid> {
    match manager {
        Manager::Is(id, ObjectKind::User) => Some(id.uuid()),
        _ => None,
    }
}
