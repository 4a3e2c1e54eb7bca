//! How a directory fares, as the API shows it.

use crate::v1::cycles;
use ::directory::sync::{self, Contact, Facts, Outlook, Switch, quarantine};
use ::events::Timestamp;
use api::{DirectoryHealth, DirectorySync, HealthState, QuarantineForecast, QuarantineOutlook};
use store::{Directory, DirectoryState, SyncState};

/// How a directory fares.
pub(super) fn health(directory: &Directory, synced: Option<&SyncState>, now: Timestamp) -> DirectoryHealth {
    let unknown = Contact::default();
    let health = sync::health(&Facts {
        switch: match directory.state {
            DirectoryState::Active => Switch::On,
            DirectoryState::Paused => Switch::Paused,
            DirectoryState::Held => Switch::Held,
        },
        held_at: directory.held_at,
        provider: &directory.provider,
        last_error: directory.last_error.as_deref(),
        last_request_at: directory.last_request_at,
        contact: synced.map_or(&unknown, |synced| &synced.contact),
        cycle: synced
            .and_then(|synced| synced.cycle.as_ref())
            .map(|found| &found.cycle),
        now,
    });
    DirectoryHealth {
        state: match health.state {
            sync::HealthState::Waiting => HealthState::Waiting,
            sync::HealthState::Testing => HealthState::Testing,
            sync::HealthState::Active => HealthState::Active,
            sync::HealthState::Silent => HealthState::Silent,
            sync::HealthState::Failing => HealthState::Failing,
            sync::HealthState::Held => HealthState::Held,
            sync::HealthState::Paused => HealthState::Paused,
        },
        sentence: health.sentence,
        remedy: health.remedy,
        since: health.since,
    }
}

/// When a directory's identity provider came, and when it is expected.
pub(super) fn sync(directory: &Directory, synced: &SyncState) -> DirectorySync {
    let (contact, provider) = (&synced.contact, directory.provider.as_str());
    let cycle = synced.cycle.as_ref();
    let cadence = sync::expected(provider, contact.cadence);
    let forecast = cycle
        .filter(|_| provider == "entra_id")
        .map(|found| quarantine(&found.cycle.counts));
    DirectorySync {
        last_contact_at: contact.last_at,
        next_expected_at: contact.next_at(provider),
        cycle_seconds: cadence.map(|cadence| cadence.as_secs()),
        cycle_observed: contact.cadence.is_some(),
        dialect: synced.dialect.clone(),
        cycle: cycle.map(|found| cycles::shown(found, &contact.standing(provider))),
        quarantine: forecast.map(|found| QuarantineForecast {
            outlook: match found.outlook {
                Outlook::Clear => QuarantineOutlook::Clear,
                Outlook::Watch => QuarantineOutlook::Watch,
                Outlook::Near => QuarantineOutlook::Near,
                Outlook::Expected => QuarantineOutlook::Expected,
            },
            sentence: found.sentence(),
            operations: found.operations,
            failures: found.failures,
            failed_percent: found.percent,
        }),
    }
}
