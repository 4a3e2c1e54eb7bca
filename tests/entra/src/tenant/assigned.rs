//! Service principals and who is assigned to them.

use super::{Place, State};
use crate::attributes::Kind;
use crate::clock::Moment;
use crate::error::ControlError;
use crate::model::{AppRole, NewAssignment, NewObject, NewServicePrincipal, ServicePrincipalInfo};
use crate::seed;
use serde_json::{Map, json};
use uuid::Uuid;

/// An app as the tenant has it.
#[derive(Debug)]
pub(crate) struct Principal {
    pub(crate) app_id: Uuid,
    pub(crate) roles: Vec<AppRole>,
    pub(crate) assignments: Vec<Assignment>,
}

/// One assignment. It stays when it has ended, since lists may lag.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Assignment {
    pub(crate) id: Uuid,
    pub(crate) principal: Place,
    pub(crate) role: Uuid,
    pub(crate) since: Moment,
    pub(crate) ended: Option<Moment>,
}

impl Assignment {
    pub(crate) fn is_seen(&self, at: Moment) -> bool {
        self.since <= at && self.ended.is_none_or(|ended| ended > at)
    }
}

impl Principal {
    pub(crate) fn end_all_of(&mut self, place: Place, now: Moment) {
        for assignment in &mut self.assignments {
            if assignment.principal == place && assignment.ended.is_none() {
                assignment.ended = Some(now);
            }
        }
    }
}

impl State {
    pub(crate) fn create_service_principal(
        &mut self,
        now: Moment,
        new: NewServicePrincipal,
    ) -> Result<ServicePrincipalInfo, ControlError> {
        let mut properties = Map::new();
        properties.insert("displayName".to_owned(), json!(new.display_name));
        let id = self.create(now, Kind::ServicePrincipal, NewObject { id: None, properties })?;
        let place = self.by_id[&id];
        let mut roles = new.app_roles;
        for role in &mut roles {
            let made = seed::guid(&[self.seed, seed::number(&role.value), u64::from(place)]);
            role.id.get_or_insert(made);
        }
        let named = roles
            .iter()
            .map(|role| (role.value.clone(), role.id.unwrap_or_default()));
        let info = ServicePrincipalInfo {
            id,
            roles: named.collect(),
        };
        self.principals.insert(
            place,
            Principal {
                app_id: new.app_id,
                roles,
                assignments: Vec::new(),
            },
        );
        Ok(info)
    }

    /// Assigns, and says the assignment's id. Doing it again changes nothing.
    pub(crate) fn assign(&mut self, now: Moment, service: Uuid, new: NewAssignment) -> Result<Uuid, ControlError> {
        let principal = self.by_id.get(&new.principal_id).copied();
        let principal = principal.ok_or(ControlError::Object(new.principal_id))?;
        let seed = self.seed;
        let of = self.principal_mut(service)?;
        let same = |old: &&Assignment| old.principal == principal && old.role == new.app_role_id && old.ended.is_none();
        if let Some(old) = of.assignments.iter().find(same) {
            return Ok(old.id);
        }
        let number = seed::number(&service.to_string());
        let id = seed::guid(&[seed, number, of.assignments.len() as u64]);
        of.assignments.push(Assignment {
            id,
            principal,
            role: new.app_role_id,
            since: now,
            ended: None,
        });
        Ok(id)
    }

    /// Takes all assignments of somebody away.
    pub(crate) fn unassign(&mut self, now: Moment, service: Uuid, principal: Uuid) -> Result<(), ControlError> {
        let place = *self.by_id.get(&principal).ok_or(ControlError::Object(principal))?;
        self.principal_mut(service)?.end_all_of(place, now);
        Ok(())
    }

    fn principal_mut(&mut self, service: Uuid) -> Result<&mut Principal, ControlError> {
        let place = self.by_id.get(&service).ok_or(ControlError::Object(service))?;
        self.principals.get_mut(place).ok_or(ControlError::Object(service))
    }
}
