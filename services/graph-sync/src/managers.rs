//! Managers after a full round: delta queries tell who became somebody's manager, and leave out who no longer is.

use crate::error::Stop;
use crate::work::Work;
use futures_util::TryStreamExt as _;
use graph::ObjectKind;
use graph::delta::Manager;
use std::collections::HashMap;
use std::pin::pin;
use store::{GraphCollection, GraphObject, GraphObjectKind, GraphRemoval, SeenManager, SeenObject};
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
        let bosses: Vec<Uuid> = known.iter().filter_map(|object| object.manager_object_id).collect();
        let bosses = work.objects.by_ids(&bosses).await?.into_iter();
        let in_bin: Vec<Uuid> = bosses
            .filter(|boss| boss.removed == Some(GraphRemoval::Changed))
            .map(|boss| boss.object_id)
            .collect();
        let differs = |object: &&GraphObject| {
            let is = said.get(&object.object_id).copied().flatten();
            // A list leaves out managers who are deleted and can be had back.
            let is_kept = is.is_none() && object.manager_object_id.is_some_and(|boss| in_bin.contains(&boss));
            let is_here = object.removed.is_none() && object.skipped.is_none();
            is_here && !is_kept && object.manager_object_id != is
        };
        let changed: Vec<SeenObject> = known
            .iter()
            .filter(differs)
            .map(|object| SeenObject {
                object_id: object.object_id,
                kind: GraphObjectKind::User,
                resource_id: None,
                name: None,
                kept: None,
                skipped: None,
                removed: None,
                manager: match said.get(&object.object_id).copied().flatten() {
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
