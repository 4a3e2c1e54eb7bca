//! Everything that a simulator knows: its tenants, apps, clock, and what it has seen of its clients.

use crate::clock::{Clock, Moment};
use crate::error::ControlError;
use crate::manners::Manners;
use crate::model::{AppChange, NewApp, NewTenant};
use crate::notify::Notice;
use crate::sealed::Seal;
use crate::seed;
use crate::tenant::State;
use crate::tenant::installed::{App, Apps, Installed};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use tokio::sync::mpsc::Sender;
use uuid::Uuid;

/// Locks, also what somebody else has left in the middle.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A simulator. Of its locks, that of a tenant is taken before any other.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) seed: u64,
    /// The origin of login and Graph.
    pub(crate) url: String,
    /// The origin of a host that no token may reach.
    pub(crate) elsewhere: String,
    pub(crate) seal: Seal,
    pub(crate) apps: Mutex<Apps>,
    pub(crate) manners: Mutex<Manners>,
    tenants: RwLock<BTreeMap<Uuid, Arc<Mutex<State>>>>,
    notices: Sender<Notice>,
    /// How many GUIDs of each kind were made: what a test makes does not depend on how often others ask.
    made: Mutex<BTreeMap<&'static str, u64>>,
}

impl World {
    pub(crate) fn new(seed: u64, url: String, elsewhere: String, notices: Sender<Notice>) -> Self {
        Self {
            clock: Clock::default(),
            seed,
            url,
            elsewhere,
            seal: Seal::new(seed),
            apps: Mutex::default(),
            manners: Mutex::default(),
            tenants: RwLock::default(),
            notices,
            made: Mutex::default(),
        }
    }

    /// The next GUID that nobody chose.
    pub(crate) fn guid(&self, kind: &'static str) -> Uuid {
        let mut made = lock(&self.made);
        let number = made.entry(kind).or_default();
        *number += 1;
        seed::guid(&[self.seed, seed::number(kind), *number])
    }

    pub(crate) fn tenants(&self) -> Vec<(Uuid, Arc<Mutex<State>>)> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        tenants.iter().map(|(id, state)| (*id, Arc::clone(state))).collect()
    }

    pub(crate) fn create_tenant(&self, new: &NewTenant) -> Result<Uuid, ControlError> {
        let id = new.id.unwrap_or_else(|| self.guid("tenant"));
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        if tenants.contains_key(&id) {
            return Err(ControlError::Taken(id));
        }
        tenants.insert(id, Arc::new(Mutex::new(State::new(id, &new.domain, self.seed))));
        Ok(id)
    }

    pub(crate) fn tenant(&self, id: Uuid) -> Option<Arc<Mutex<State>>> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        tenants.get(&id).cloned()
    }

    /// A tenant by its id or its domain, as URLs name it.
    pub(crate) fn tenant_named(&self, name: &str) -> Option<(Uuid, Arc<Mutex<State>>)> {
        if let Ok(id) = name.parse() {
            return Some((id, self.tenant(id)?));
        }
        self.tenants()
            .into_iter()
            .find(|(_, state)| lock(state).domain.eq_ignore_ascii_case(name))
    }

    /// Does something with a tenant, and tells its subscribers.
    pub(crate) fn with<T>(&self, id: Uuid, work: impl FnOnce(&mut State, Moment) -> T) -> Result<T, ControlError> {
        let tenant = self.tenant(id).ok_or(ControlError::Tenant(id))?;
        let mut state = lock(&tenant);
        let now = self.clock.now();
        state.empty_bin(now);
        let done = work(&mut state, now);
        for notice in state.announce(now) {
            // Graph drops what it cannot get rid of, too.
            let _ = self.notices.try_send(notice);
        }
        Ok(done)
    }

    /// Sends something to a subscriber.
    pub(crate) fn notify(&self, notice: Notice) {
        let _ = self.notices.try_send(notice);
    }

    pub(crate) fn register(&self, tenant: Uuid, new: NewApp) -> Result<Uuid, ControlError> {
        let id = new.client_id.unwrap_or_else(|| self.guid("app"));
        let now = self.clock.now();
        let mut app = App::new(&new.name, new.permissions);
        app.set_credentials(now, &new.credentials)?;
        let roles = new.consented.unwrap_or_else(|| app.permissions.clone());
        let installed = Installed { roles, disabled: false };
        self.with(tenant, |state, _| state.installed.insert(id, installed))?;
        let mut apps = lock(&self.apps);
        if apps.contains_key(&id) {
            return Err(ControlError::Taken(id));
        }
        apps.insert(id, app);
        Ok(id)
    }

    pub(crate) fn change_app(&self, tenant: Uuid, id: Uuid, change: AppChange) -> Result<(), ControlError> {
        self.with(tenant, |state, _| {
            let installed = state.installed.get_mut(&id).ok_or(ControlError::App(id))?;
            installed.disabled = change.disabled.unwrap_or(installed.disabled);
            if let Some(roles) = change.consented {
                installed.roles = roles;
            }
            Ok(())
        })??;
        if let Some(credentials) = change.credentials {
            let now = self.clock.now();
            let mut apps = lock(&self.apps);
            apps.get_mut(&id)
                .ok_or(ControlError::App(id))?
                .set_credentials(now, &credentials)?;
        }
        Ok(())
    }

    /// An administrator of the tenant consents to these permissions, or to all that the app asks for.
    pub(crate) fn consent(&self, tenant: Uuid, app: Uuid, roles: Option<Vec<String>>) -> Result<(), ControlError> {
        let asked = lock(&self.apps)
            .get(&app)
            .ok_or(ControlError::App(app))?
            .permissions
            .clone();
        self.with(tenant, |state, _| {
            state.installed.entry(app).or_default().roles = roles.unwrap_or(asked);
        })
    }
}
