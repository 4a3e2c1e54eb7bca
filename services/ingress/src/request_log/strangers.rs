//! Requests of those who did not prove who they are: anybody can send any number of them, so of most only the number is
//! kept.

use super::record::Record;
use crate::tenant::Tenant;
use events::Timestamp;
use std::collections::HashMap;

/// Directories that strangers may name until the next time that records are written; whoever names more is not counted.
const MOST_TENANTS: usize = 100;
/// Their requests that are written down, of each directory.
const MOST_RECORDS: usize = 2;

/// What strangers wanted, until it is written.
#[derive(Debug, Default)]
pub(super) struct StrangerRequests(HashMap<Tenant, Noted>);

/// What strangers wanted of one directory, or of one that there is not.
#[derive(Debug)]
pub(super) struct Noted {
    pub(super) count: u32,
    pub(super) at: Timestamp,
    /// The first of them.
    pub(super) records: Vec<Record>,
}

impl StrangerRequests {
    pub(super) fn note(&mut self, tenant: Tenant, mut record: Record) {
        if self.0.len() >= MOST_TENANTS && !self.0.contains_key(&tenant) {
            return;
        }
        let noted = self.0.entry(tenant).or_insert_with(|| Noted {
            count: 0,
            at: record.at,
            records: Vec::new(),
        });
        noted.count = noted.count.saturating_add(1);
        noted.at = noted.at.max(record.at);
        if noted.records.len() < MOST_RECORDS {
            record.sent = None;
            noted.records.push(record);
        }
    }

    /// What was noted; from now on there is nothing.
    pub(super) fn take(&mut self) -> HashMap<Tenant, Noted> {
        std::mem::take(&mut self.0)
    }
}
