//! The work on one directory, for one turn.

use crate::Inner;
use crate::error::Stop;
use crate::scope::Scope;
use crate::session;
use directory::Policy;
use events::{DirectoryId, ResourceKind, Timestamp};
use graph::map::AttributeMap;
use graph::pull::{PullFault, PullProgress, PullScope, PullSettings, PullStage};
use graph::{GraphError, Session};
use scim::schema::ResourceType;
use std::sync::Arc;
use std::time::Instant;
use store::{
    DirectoryState, GraphClaim, GraphCollection, GraphCredential, GraphCursor, GraphObjects, GraphPull, GraphWriter,
};
use tokio_util::sync::CancellationToken;
use tracing::Span;

/// What ends a turn from outside.
#[derive(Clone, Debug)]
pub(crate) struct Signals {
    /// The process stops.
    pub(crate) stopping: CancellationToken,
    /// The lease is somebody else's.
    pub(crate) lost: CancellationToken,
}

/// The work on one directory.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) inner: Arc<Inner>,
    pub(crate) pull: GraphPull,
    pub(crate) policy: Policy,
    pub(crate) settings: PullSettings,
    pub(crate) users: AttributeMap,
    pub(crate) groups: AttributeMap,
    pub(crate) session: Session,
    credential: GraphCredential,
    pub(crate) writer: GraphWriter,
    pub(crate) objects: GraphObjects,
    pub(crate) cursors: Cursors,
    pub(crate) progress: PullProgress,
    pub(crate) scope: Scope,
    /// People of the directory who are active now.
    pub(crate) active: u64,
    pub(crate) span: Span,
    ends_at: Instant,
    /// Whether the turn has brought a page: each brings one at least.
    pub(crate) has_moved: bool,
    /// How often rounds have begun again in this turn.
    pub(crate) begun_again: u32,
    signals: Signals,
}

/// Where the rounds are, and which of them begin anew.
#[derive(Debug, Default)]
pub(crate) struct Cursors {
    pub(crate) users: Option<GraphCursor>,
    pub(crate) groups: Option<GraphCursor>,
    pub(crate) anew: Vec<GraphCollection>,
}

impl Cursors {
    pub(crate) const fn of(&self, collection: GraphCollection) -> Option<&GraphCursor> {
        match collection {
            GraphCollection::Users => self.users.as_ref(),
            GraphCollection::Groups => self.groups.as_ref(),
        }
    }

    pub(crate) fn set(&mut self, cursor: GraphCursor) {
        match cursor.collection {
            GraphCollection::Users => self.users = Some(cursor),
            GraphCollection::Groups => self.groups = Some(cursor),
        }
    }
}

impl Work {
    /// Reads what is known of a directory that was claimed.
    pub(crate) async fn open(
        inner: &Arc<Inner>,
        claim: GraphClaim,
        signals: Signals,
        span: Span,
    ) -> Result<Self, Stop> {
        let (pull, store) = (claim.pull, &inner.deps.store);
        let (id, now) = (pull.directory_id, inner.deps.clock.now());
        // A directory that was deleted a moment ago has no pull any more either.
        let directory = store.directories().by_id(id).await?.ok_or(Stop::LeaseLost)?;
        if directory.state == DirectoryState::Paused {
            return Err(Stop::Paused);
        }
        let policy = directory.policy()?;
        let fault = |code: &str, detail: String| Stop::Fault(Box::new(PullFault::new(code, detail, now)));
        let settings = PullSettings::read(&pull.settings);
        let settings =
            settings.map_err(|error| fault("config_invalid", format!("The settings cannot be read: {error}.")))?;
        let bad_map =
            |error: graph::map::InvalidMap| fault("map_invalid", format!("The attribute map is no good: {error}."));
        let users = settings.users(policy.user_type()).map_err(bad_map)?;
        let groups = settings.groups(ResourceType::group()).map_err(bad_map)?;
        let counts = store.directories().counts(&[id]).await?;
        let counts = counts.get(&id).copied().unwrap_or_default();
        let (session, credential) = session::open(inner, &pull, count(counts.users), now).await?;
        let mut cursors = Cursors::default();
        for cursor in store.graph_cursors(id).await? {
            cursors.set(cursor);
        }
        let progress = pull.progress.as_deref().and_then(PullProgress::read);
        let progress = progress.filter(|progress| progress.generation == pull.generation);
        let progress = progress.unwrap_or_else(|| begun(&pull, &settings, &cursors, now));
        Ok(Self {
            users,
            groups,
            session,
            credential,
            writer: store.graph_writer(claim.lease),
            objects: store.graph_objects(id),
            cursors,
            progress,
            scope: Scope::All,
            active: count(counts.active_users),
            span,
            ends_at: Instant::now() + inner.config.turn,
            has_moved: false,
            begun_again: 0,
            signals,
            inner: Arc::clone(inner),
            pull,
            policy,
            settings,
        })
    }

    pub(crate) const fn directory_id(&self) -> DirectoryId {
        self.pull.directory_id
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.deps.clock.now()
    }

    pub(crate) const fn map(&self, kind: ResourceKind) -> &AttributeMap {
        match kind {
            ResourceKind::User => &self.users,
            ResourceKind::Group => &self.groups,
        }
    }

    /// What resources of a kind are in this directory.
    pub(crate) fn resource_type(&self, kind: ResourceKind) -> &ResourceType {
        match kind {
            ResourceKind::User => self.policy.user_type(),
            ResourceKind::Group => ResourceType::group(),
        }
    }

    /// Whether the turn goes on: asked between pages.
    pub(crate) fn check(&self) -> Result<(), Stop> {
        if self.signals.lost.is_cancelled() {
            return Err(Stop::LeaseLost);
        }
        let is_over = self.has_moved && Instant::now() > self.ends_at;
        if self.signals.stopping.is_cancelled() || is_over {
            return Err(Stop::Turn);
        }
        Ok(())
    }

    /// Waits for Graph, unless the turn ends meanwhile.
    pub(crate) async fn ask<T>(&self, request: impl Future<Output = Result<T, GraphError>>) -> Result<T, Stop> {
        tokio::select! {
            answer = request => Ok(answer?),
            () = self.signals.stopping.cancelled() => Err(Stop::Turn),
            () = self.signals.lost.cancelled() => Err(Stop::LeaseLost),
        }
    }

    /// Stores how far the cycle is.
    pub(crate) async fn save_progress(&self) -> Result<(), Stop> {
        Ok(self.writer.progress(&self.progress.write(), self.now()).await?)
    }

    /// Keeps which form of assertions Entra ID takes, so that the next process need not try.
    pub(crate) async fn keep_form(&self) {
        let Some(form) = self.session.working_form() else {
            return;
        };
        if form.as_str() == self.credential.assertion_form {
            return;
        }
        let credentials = self.inner.deps.store.graph_credentials(self.directory_id());
        let kept = credentials.keep_assertion_form(self.credential.id, form.as_str()).await;
        if let Err(error) = kept {
            tracing::warn!(error = %telemetry::chain(&error), "the form of assertions is not remembered");
        }
    }
}

fn count(kept: i64) -> u64 {
    u64::try_from(kept).unwrap_or_default()
}

/// The progress of a cycle that begins.
fn begun(pull: &GraphPull, settings: &PullSettings, cursors: &Cursors, now: Timestamp) -> PullProgress {
    let target = |cursor: Option<&GraphCursor>| match cursor {
        None => 1,
        Some(cursor) if cursor.generation == pull.generation && !cursor.is_complete => cursor.round,
        Some(cursor) => cursor.round + 1,
    };
    PullProgress {
        generation: pull.generation,
        began_at: now,
        stage: match settings.scope {
            PullScope::All => PullStage::Users,
            PullScope::Assigned | PullScope::Groups => PullStage::Scope,
        },
        users_round: target(cursors.users.as_ref()),
        groups_round: target(cursors.groups.as_ref()),
        is_full: false,
        rest: false,
        leavers: false,
        held_at: None,
        counts: graph::pull::PullCounts::default(),
    }
}
