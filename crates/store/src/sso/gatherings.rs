//! What a login writes, of many logins at a time.

use super::logins::{self, SsoLogin};
use super::session_changes::{self, Redemption};
use super::sessions::{self, NewSsoSession, SsoSession};
use crate::gathered::Gathered;
use events::SsoLoginId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

type Redeemed = Arc<Gathered<Redemption, Option<SsoSession>>>;

/// The writes of logins. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Gatherings {
    pub(super) logins: Arc<Gathered<SsoLogin, ()>>,
    pub(super) taken: Arc<Gathered<SsoLoginId, bool>>,
    pub(super) sessions: Arc<Gathered<NewSsoSession, ()>>,
    /// By lane, each when it is first needed: whoever writes to the log of a lane has it alone.
    redeemed: Arc<Mutex<BTreeMap<u16, Redeemed>>>,
}

impl Gatherings {
    pub(crate) fn new() -> Self {
        Self {
            logins: Gathered::new(|database, asked| Box::pin(logins::begin(database, asked))),
            taken: Gathered::new(|database, asked| Box::pin(logins::take(database, asked))),
            sessions: Gathered::new(|database, asked| Box::pin(sessions::begin(database, asked))),
            redeemed: Arc::default(),
        }
    }

    /// Redemptions of sessions whose directories travel in this lane.
    pub(super) fn redeemed(&self, lane: u16) -> Redeemed {
        let mut lanes = self.redeemed.lock().unwrap_or_else(PoisonError::into_inner);
        let of_lane = lanes
            .entry(lane)
            .or_insert_with(|| Gathered::new(|database, asked| Box::pin(session_changes::redeem(database, asked))));
        Arc::clone(of_lane)
    }
}
