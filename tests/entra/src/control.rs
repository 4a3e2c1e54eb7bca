//! What a test can do with a simulator: [`Control`] for all of it, [`Tenant`] for one tenant.

use crate::attributes::Kind;
use crate::clock::Moment;
use crate::error::ControlError;
use crate::faults::Fault;
use crate::manners::Requests;
use crate::model::{
    AppChange, Behaviour, Bulk, BulkMade, MemberChange, NewApp, NewAssignment, NewObject, NewServicePrincipal,
    NewTenant, ServicePrincipalInfo, SubscriptionInfo, Truth,
};
use crate::world::{World, lock};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// The simulator, seen from behind.
#[derive(Clone, Debug)]
pub struct Control {
    world: Arc<World>,
}

impl Control {
    pub(crate) const fn new(world: Arc<World>) -> Self {
        Self { world }
    }

    /// Makes a tenant.
    ///
    /// # Errors
    /// The id is taken.
    pub fn create_tenant(&self, new: &NewTenant) -> Result<Tenant, ControlError> {
        Ok(self.tenant(self.world.create_tenant(new)?))
    }

    /// All tenants.
    #[must_use]
    pub fn tenants(&self) -> Vec<Tenant> {
        let tenants = self.world.tenants().into_iter();
        tenants.map(|(id, _)| self.tenant(id)).collect()
    }

    /// The tenant with this id. Whether there is one is found out when something is done with it.
    #[must_use]
    pub fn tenant(&self, id: Uuid) -> Tenant {
        Tenant {
            world: Arc::clone(&self.world),
            id,
        }
    }

    /// The present moment, as the simulator has it.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.world.clock.now()
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        self.world.clock.advance(by);
    }

    /// What was asked for, and which rules were broken.
    #[must_use]
    pub fn requests(&self) -> Requests {
        lock(&self.world.manners).requests.clone()
    }

    /// Counts from the beginning again.
    pub fn forget_requests(&self) {
        lock(&self.world.manners).reset();
    }

    /// The origin of login and Graph.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.world.url
    }

    /// The origin of another host. Tokens that are sent there are counted.
    #[must_use]
    pub fn elsewhere(&self) -> &str {
        &self.world.elsewhere
    }
}

/// One tenant, seen from behind.
#[derive(Clone, Debug)]
pub struct Tenant {
    world: Arc<World>,
    id: Uuid,
}

/// Properties of JSON text such as `json!({ "jobTitle": "Driver" })`.
fn properties(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(properties) => properties,
        _ => Map::new(),
    }
}

#[allow(
    clippy::missing_errors_doc,
    reason = "all of them: there is no such tenant or object, or the argument is no good"
)]
impl Tenant {
    /// Its id.
    #[must_use]
    pub const fn id(&self) -> Uuid {
        self.id
    }

    /// Registers an app, to whose permissions the tenant consents. Its client id.
    pub fn app(&self, new: NewApp) -> Result<Uuid, ControlError> {
        self.world.register(self.id, new)
    }

    /// Changes an app.
    pub fn change_app(&self, client_id: Uuid, change: AppChange) -> Result<(), ControlError> {
        self.world.change_app(self.id, client_id, change)
    }

    /// Consents to an app of any tenant, with these permissions or all that it asks for.
    pub fn consent(&self, client_id: Uuid, roles: Option<Vec<String>>) -> Result<(), ControlError> {
        self.world.consent(self.id, client_id, roles)
    }

    /// Makes a user with these properties.
    pub fn user(&self, with: Value) -> Result<Uuid, ControlError> {
        self.create(
            Kind::User,
            NewObject {
                id: None,
                properties: properties(with),
            },
        )
    }

    /// Makes a group with these properties.
    pub fn group(&self, with: Value) -> Result<Uuid, ControlError> {
        self.create(
            Kind::Group,
            NewObject {
                id: None,
                properties: properties(with),
            },
        )
    }

    /// Makes an object.
    pub fn create(&self, kind: Kind, new: NewObject) -> Result<Uuid, ControlError> {
        self.world.with(self.id, |state, now| state.create(now, kind, new))?
    }

    /// Makes many users and groups by formula.
    pub fn bulk(&self, bulk: Bulk) -> Result<BulkMade, ControlError> {
        self.world.with(self.id, |state, now| state.create_many(now, bulk))
    }

    /// Sets properties of a user; `null` takes one away.
    pub fn update_user(&self, id: Uuid, with: Value) -> Result<(), ControlError> {
        self.update(Kind::User, id, properties(with))
    }

    /// Sets properties of a group; `null` takes one away.
    pub fn update_group(&self, id: Uuid, with: Value) -> Result<(), ControlError> {
        self.update(Kind::Group, id, properties(with))
    }

    /// Sets properties; `null` takes one away.
    pub fn update(&self, kind: Kind, id: Uuid, properties: Map<String, Value>) -> Result<(), ControlError> {
        self.world
            .with(self.id, |state, now| state.update(now, kind, id, properties))?
    }

    /// Whom a user reports to from now on.
    pub fn set_manager(&self, user: Uuid, manager: Option<Uuid>) -> Result<(), ControlError> {
        self.world
            .with(self.id, |state, now| state.set_manager(now, user, manager))?
    }

    /// Adds members to a group.
    pub fn add_members(&self, group: Uuid, members: &[Uuid]) -> Result<(), ControlError> {
        let add = members.to_vec();
        self.change_members(
            group,
            &MemberChange {
                add,
                ..MemberChange::default()
            },
        )
    }

    /// Removes members from a group.
    pub fn remove_members(&self, group: Uuid, members: &[Uuid]) -> Result<(), ControlError> {
        let remove = members.to_vec();
        self.change_members(
            group,
            &MemberChange {
                remove,
                ..MemberChange::default()
            },
        )
    }

    /// Adds and removes members of a group.
    pub fn change_members(&self, group: Uuid, change: &MemberChange) -> Result<(), ControlError> {
        self.world
            .with(self.id, |state, now| state.change_members(now, group, change))?
    }

    /// Deletes: users and groups of Microsoft 365 can be restored for 30 days; other groups are gone at once.
    pub fn delete(&self, kind: Kind, id: Uuid) -> Result<(), ControlError> {
        self.world.with(self.id, |state, now| state.delete(now, kind, id))?
    }

    /// Deletes for good.
    pub fn purge(&self, kind: Kind, id: Uuid) -> Result<(), ControlError> {
        self.world.with(self.id, |state, now| state.purge(now, kind, id))?
    }

    /// Restores what was deleted.
    pub fn restore(&self, kind: Kind, id: Uuid) -> Result<(), ControlError> {
        self.world.with(self.id, |state, now| state.restore(now, kind, id))?
    }

    /// Makes a service principal.
    pub fn service_principal(&self, new: NewServicePrincipal) -> Result<ServicePrincipalInfo, ControlError> {
        self.world
            .with(self.id, |state, now| state.create_service_principal(now, new))?
    }

    /// Assigns a user or group to an app; role zero is default access. The assignment's id.
    pub fn assign(&self, service_principal: Uuid, principal_id: Uuid, app_role_id: Uuid) -> Result<Uuid, ControlError> {
        let new = NewAssignment {
            principal_id,
            app_role_id,
        };
        self.world
            .with(self.id, |state, now| state.assign(now, service_principal, new))?
    }

    /// Takes all assignments of a user or group to an app away.
    pub fn unassign(&self, service_principal: Uuid, principal_id: Uuid) -> Result<(), ControlError> {
        self.world.with(self.id, |state, now| {
            state.unassign(now, service_principal, principal_id)
        })?
    }

    /// How it behaves.
    pub fn behaviour(&self) -> Result<Behaviour, ControlError> {
        self.world.with(self.id, |state, _| state.behaviour)
    }

    /// Changes how it behaves.
    pub fn behave(&self, change: impl FnOnce(&mut Behaviour)) -> Result<(), ControlError> {
        self.world.with(self.id, |state, _| change(&mut state.behaviour))
    }

    /// The same by names.
    pub fn change_behaviour(&self, changes: Map<String, Value>) -> Result<Behaviour, ControlError> {
        let bad = |error: serde_json::Error| ControlError::Behaviour(error.to_string());
        self.world.with(self.id, |state, _| {
            let mut all = properties(serde_json::to_value(state.behaviour).map_err(bad)?);
            all.extend(changes);
            state.behaviour = serde_json::from_value(Value::Object(all)).map_err(bad)?;
            Ok(state.behaviour)
        })?
    }

    /// Has something go wrong.
    pub fn fault(&self, fault: Fault) -> Result<(), ControlError> {
        self.world.with(self.id, |state, _| state.faults.add(fault))
    }

    /// What is still to go wrong.
    pub fn faults(&self) -> Result<Vec<Fault>, ControlError> {
        self.world.with(self.id, |state, _| state.faults.list().to_vec())
    }

    /// Nothing goes wrong any more.
    pub fn clear_faults(&self) -> Result<(), ControlError> {
        self.world.with(self.id, |state, _| state.faults.clear())
    }

    /// Subscriptions that have not ended.
    pub fn subscriptions(&self) -> Result<Vec<SubscriptionInfo>, ControlError> {
        self.world.with(self.id, |state, now| {
            let all = state
                .subscriptions
                .iter()
                .map(|(id, subscription)| subscription.info(*id));
            all.filter(|info| info.expires > now).collect()
        })
    }

    /// Sends the lifecycle notification `reauthorizationRequired`.
    pub fn ask_for_reauthorization(&self, subscription: Uuid) -> Result<(), ControlError> {
        let notice = self
            .world
            .with(self.id, |state, _| state.reauthorization(subscription))?;
        self.world.notify(notice.ok_or(ControlError::Object(subscription))?);
        Ok(())
    }

    /// Everything as it is, whatever its answers say.
    pub fn truth(&self) -> Result<Truth, ControlError> {
        self.world.with(self.id, |state, _| state.truth())
    }
}
