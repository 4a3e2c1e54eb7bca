//! When a request may be sent.
//!
//! Graph counts resource units: so many in ten seconds for an application in one tenant, and so many in twenty seconds for
//! an application in all of them. Requests stay below both. Within a tenant they go in the order in which they come. Among
//! the tenants of an application, the one that has been given least is next, so one tenant's full round never holds up
//! another. What Graph asks for by `Retry-After` is never cut short, and is asked of everything in that tenant. Where one request
//! after another fails, the connection rests, and with it nobody else.
//!
//! Source: <https://learn.microsoft.com/graph/throttling>, <https://learn.microsoft.com/graph/throttling-limits>.

mod bucket;
mod pause;
mod turns;

use crate::clock::Clock;
use bucket::Bucket;
use events::Timestamp;
use pause::Pause;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use turns::Turns;
use uuid::Uuid;
use webhooks::RetryAfter;

/// A request waits this long for its budget; for what takes longer its caller is told until when.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// So many resource units in [`APP_WINDOW`] for an application in all tenants.
const APP_LIMIT: f64 = 150_000.0;
const APP_WINDOW: Duration = Duration::from_secs(20);
const TENANT_WINDOW: Duration = Duration::from_secs(10);
/// Budgets that are idle are looked for when there are this many, and again when there are twice as many.
const SWEPT_AT: usize = 1_024;
/// A full round gets a quarter of what other requests get, while both wait.
const WEIGHT_OF_LOW: u64 = 4;

/// How many users a tenant has: Graph makes its budget of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantSize {
    /// Fewer than 50, or not known yet: 3,500 resource units in ten seconds.
    #[default]
    Small,
    /// 50 to 500: 5,000.
    Medium,
    /// More: 8,000.
    Large,
}

impl TenantSize {
    /// The size of a tenant with so many users.
    #[must_use]
    pub const fn of(users: u64) -> Self {
        match users {
            0..50 => Self::Small,
            50..=500 => Self::Medium,
            _ => Self::Large,
        }
    }

    /// Resource units in ten seconds.
    #[must_use]
    pub const fn units(self) -> u32 {
        match self {
            Self::Small => 3_500,
            Self::Medium => 5_000,
            Self::Large => 8_000,
        }
    }
}

/// What goes first, also at Graph (`x-ms-throttle-priority`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// Full rounds.
    Low,
    /// Everything else.
    #[default]
    Normal,
}

impl Priority {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
        }
    }
}

/// An application in one tenant, which is what Graph gives a budget to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Account {
    pub(crate) root: String,
    pub(crate) client_id: Uuid,
    pub(crate) tenant: Uuid,
}

/// Why a request is not sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) until: Timestamp,
    /// The connection rests.
    pub(crate) parked: bool,
}

#[derive(Debug)]
struct Tenant {
    bucket: Bucket,
    pause: Pause,
}

/// An application in all its tenants.
#[derive(Debug)]
pub(crate) struct App {
    bucket: Bucket,
    paused_until: Timestamp,
    turns: Turns,
}

type AppKey = (String, Uuid);

#[derive(Debug, Default)]
struct State {
    tenants: HashMap<Account, Tenant>,
    apps: HashMap<AppKey, Arc<Mutex<App>>>,
    sweep_at: usize,
}

/// The budgets of all connections of this process.
#[derive(Debug)]
pub(crate) struct Throttle {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

impl Throttle {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            state: Mutex::default(),
        }
    }

    /// Waits until a request of this cost may be sent.
    pub(crate) async fn admit(
        &self,
        account: &Account,
        size: TenantSize,
        cost: u32,
        priority: Priority,
    ) -> Result<(), Refused> {
        let mut reserved = false;
        loop {
            let now = self.clock.now();
            let wait_until = {
                let mut state = lock(&self.state);
                let tenant = state.tenant(account, size, now);
                let pause = tenant.pause;
                let until = if reserved || pause.holds(now) {
                    pause.until()
                } else {
                    reserved = true;
                    tenant.bucket.reserve(now, cost)
                };
                let is_too_long = until.since(now) > PATIENCE;
                if is_too_long && reserved {
                    tenant.bucket.give_back(cost);
                }
                if is_too_long {
                    return Err(Refused {
                        until,
                        parked: pause.is_parked() && pause.holds(now),
                    });
                }
                until
            };
            if wait_until > now {
                metrics::histogram!("rollcall_graph_wait_seconds").record(wait_until.since(now).as_secs_f64());
                self.clock.sleep_until(wait_until).await;
            } else {
                break;
            }
        }
        let app = lock(&self.state).app(account, self.clock.now());
        let weight = match priority {
            Priority::Low => WEIGHT_OF_LOW,
            Priority::Normal => 1,
        };
        turns::take(&app, self.clock.as_ref(), account.tenant, cost, weight).await
    }

    /// A request was answered.
    pub(crate) fn succeeded(&self, account: &Account, size: TenantSize) {
        let now = self.clock.now();
        lock(&self.state).tenant(account, size, now).pause.reset();
    }

    /// Nothing is left of the tenant's budget, whoever used it.
    pub(crate) fn used_up(&self, account: &Account, size: TenantSize) {
        let now = self.clock.now();
        lock(&self.state).tenant(account, size, now).bucket.drain();
    }

    /// A request was refused for now, or failed. Says whether to try again (after a wait that the next request makes), and
    /// if not, until when not.
    pub(crate) fn failed(&self, account: &Account, size: TenantSize, failure: Failure) -> Result<(), Refused> {
        let (now, chance) = (self.clock.now(), self.clock.chance());
        let mut state = lock(&self.state);
        if let Some(asked) = failure.retry_after.filter(|_| failure.of_whole_app) {
            let app = state.app(account, now);
            let mut app = lock(&app);
            app.paused_until = app.paused_until.max(asked.at(now));
        }
        let tenant = state.tenant(account, size, now);
        if failure.retry_after.is_some() {
            tenant.bucket.drain();
        }
        tenant.pause.strike(now, failure.retry_after, chance);
        let refused = Refused {
            until: tenant.pause.until(),
            parked: tenant.pause.is_parked(),
        };
        if refused.parked || refused.until.since(now) > PATIENCE {
            return Err(refused);
        }
        Ok(())
    }
}

/// How a request failed, as far as its successors must know.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Failure {
    /// How long Graph asks to wait.
    pub(crate) retry_after: Option<RetryAfter>,
    /// Graph says that the application has used up its budget of all tenants.
    pub(crate) of_whole_app: bool,
}

impl State {
    fn tenant(&mut self, account: &Account, size: TenantSize, now: Timestamp) -> &mut Tenant {
        if !self.tenants.contains_key(account) {
            self.sweep(now);
        }
        let limit = f64::from(size.units());
        let tenant = self.tenants.entry(account.clone()).or_insert_with(|| Tenant {
            bucket: Bucket::new(limit, TENANT_WINDOW, now),
            pause: Pause::default(),
        });
        tenant.bucket.resize(limit);
        tenant
    }

    fn app(&mut self, account: &Account, now: Timestamp) -> Arc<Mutex<App>> {
        let key = (account.root.clone(), account.client_id);
        let app = self.apps.entry(key).or_insert_with(|| {
            Arc::new(Mutex::new(App {
                bucket: Bucket::new(APP_LIMIT, APP_WINDOW, now),
                paused_until: now,
                turns: Turns::default(),
            }))
        });
        Arc::clone(app)
    }

    /// Forgets whoever has a full budget and no trouble.
    fn sweep(&mut self, now: Timestamp) {
        if self.tenants.len() < self.sweep_at.max(SWEPT_AT) {
            return;
        }
        self.tenants
            .retain(|_, tenant| !tenant.bucket.is_full(now) || !tenant.pause.is_over(now));
        self.apps.retain(|_, app| {
            let is_used = Arc::strong_count(app) > 1;
            let mut app = lock(app);
            is_used || !app.bucket.is_full(now) || app.paused_until > now
        });
        self.sweep_at = self.tenants.len() * 2;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
