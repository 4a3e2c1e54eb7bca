//! How a directory fares, in words: what was last seen, and what to do.

use super::contact::Contact;
use super::cycle::Cycle;
use super::quarantine::{Outlook, quarantine};
use super::{SILENT_AFTER, expected};
use events::Timestamp;
use std::time::Duration;

/// How a directory fares, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthState {
    /// Its identity provider has not sent anything yet.
    Waiting,
    /// The connection was tested, and nothing was synced yet.
    Testing,
    /// It is synced.
    Active,
    /// Its identity provider has missed several cycles.
    Silent,
    /// Its identity provider is refused.
    Failing,
    /// Deactivations and deletions are refused, because there were too many at once.
    Held,
    /// An administrator paused it.
    Paused,
}

/// Whether a directory takes changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// It does.
    On,
    /// An administrator paused it.
    Paused,
    /// Too many users would have gone at once.
    Held,
}

/// What is known of a directory.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Whether it takes changes.
    pub switch: Switch,
    /// Since when it is held.
    pub held_at: Option<Timestamp>,
    /// Its identity provider, such as `entra_id`.
    pub provider: &'a str,
    /// What was wrong with the latest request.
    pub last_error: Option<&'a str>,
    /// When its identity provider last asked for anything.
    pub last_request_at: Option<Timestamp>,
    /// When its identity provider was in contact, and how it went.
    pub contact: &'a Contact,
    /// The latest cycle.
    pub cycle: Option<&'a Cycle>,
    /// The time.
    pub now: Timestamp,
}

/// How a directory fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// In a word.
    pub state: HealthState,
    /// In a sentence or two.
    pub sentence: String,
    /// What to do; `None` where nothing is to be done.
    pub remedy: Option<String>,
    /// Since when it is so, where that is known.
    pub since: Option<Timestamp>,
}

impl Health {
    fn new(state: HealthState, sentence: impl Into<String>, since: Option<Timestamp>) -> Self {
        Self {
            state,
            sentence: sentence.into(),
            remedy: None,
            since,
        }
    }

    fn mend(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

/// How a directory fares: what an administrator decided comes first, then what keeps everything from being synced, then
/// what keeps a part of it.
#[must_use]
pub fn health(facts: &Facts<'_>) -> Health {
    switched(facts)
        .or_else(|| ended(facts))
        .or_else(|| waiting(facts))
        .or_else(|| silent(facts))
        .or_else(|| failing(facts))
        .or_else(|| testing(facts))
        .unwrap_or_else(|| active(facts))
}

fn switched(facts: &Facts<'_>) -> Option<Health> {
    match facts.switch {
        Switch::On => None,
        Switch::Paused => Some(
            Health::new(
                HealthState::Paused,
                "An administrator paused this directory. Its identity provider can read, and its changes are refused.",
                None,
            )
            .mend("Set the state of the directory to active; the identity provider sends refused changes again."),
        ),
        Switch::Held => Some(
            Health::new(
                HealthState::Held,
                "Too many users would have been deactivated or deleted at once, so no more are. Everything else is synced.",
                facts.held_at,
            )
            .mend("Look whether the identity provider is right, and then release the directory."),
        ),
    }
}

fn ended(facts: &Facts<'_>) -> Option<Health> {
    let ended = facts.contact.ended_key?;
    let sentence = format!(
        "The identity provider shows a token that ended on {}, and everything is refused.",
        day(ended.ended_at)
    );
    let remedy = "Make a new key of the directory, and enter its token as Secret Token in the identity provider.";
    Some(Health::new(HealthState::Failing, sentence, Some(ended.ended_at)).mend(remedy))
}

/// The provider that is asked, and does not send.
const PULLED: &str = "entra_graph";

fn waiting(facts: &Facts<'_>) -> Option<Health> {
    let contact = facts.contact;
    if contact.last_at.is_some() || facts.last_request_at.is_some() {
        return None;
    }
    if facts.provider == PULLED {
        let sentence = "It is read from Microsoft Graph, so nobody sends anything to it.";
        let remedy = "How that goes stands under Microsoft Graph: GET …/graph/status.";
        return Some(Health::new(HealthState::Waiting, sentence, None).mend(remedy));
    }
    let nothing = "Its identity provider has not sent anything yet.";
    let Some(at) = contact.stranger_at else {
        let remedy =
            "Enter the tenant URL and a token of this directory in the identity provider, and test the connection.";
        return Some(Health::new(HealthState::Waiting, nothing, None).mend(remedy));
    };
    let sentence = format!(
        "{nothing} {} came without a token of this directory, the last {} ago. Anybody can send such requests.",
        counted(contact.strangers, "request"),
        span(facts.now.since(at))
    );
    let remedy = "If that was the identity provider, enter a token of this directory as Secret Token, the whole of it.";
    Some(Health::new(HealthState::Waiting, sentence, None).mend(remedy))
}

fn silent(facts: &Facts<'_>) -> Option<Health> {
    let contact = facts.contact;
    let cadence = expected(facts.provider, contact.cadence)?;
    contact.silent_at.filter(|at| *at <= facts.now)?;
    let last = contact.last_at?;
    let sentence = format!(
        "Nothing came for {}. A cycle is expected every {}, and {SILENT_AFTER} were missed.",
        span(facts.now.since(last)),
        span(cadence)
    );
    let remedy = if facts.provider == "entra_id" {
        "In Entra ID, look whether Provisioning Status is On, and whether the job is in quarantine; then press Restart \
         provisioning."
    } else {
        "Look in the identity provider whether provisioning is switched on, and whether it reports errors."
    };
    Some(Health::new(HealthState::Silent, sentence, Some(last)).mend(remedy))
}

fn failing(facts: &Facts<'_>) -> Option<Health> {
    let found = facts.cycle.map(|cycle| quarantine(&cycle.counts));
    if let Some(found) = found.filter(|found| found.outlook >= Outlook::Near) {
        let sentence = match facts.provider {
            "entra_id" => found.sentence(),
            _ => format!(
                "{} of {} requests of the cycle failed ({} %).",
                found.failures, found.operations, found.percent
            ),
        };
        let remedy =
            "Look at the requests of the directory that were refused: each says what to change in the mapping.";
        let since = facts.cycle.map(|cycle| cycle.started_at);
        return Some(Health::new(HealthState::Failing, sentence, since).mend(remedy));
    }
    let error = facts.last_error?;
    let sentence = format!("The latest request was refused: {error}");
    let remedy =
        "Change the mapping or the setting that the refusal names; the identity provider tries again by itself.";
    Some(Health::new(HealthState::Failing, sentence, facts.contact.last_at).mend(remedy))
}

fn testing(facts: &Facts<'_>) -> Option<Health> {
    let contact = facts.contact;
    let last = contact.last_at?;
    let is_synced = contact.initial_at.is_some() || contact.users_at.is_some() && contact.on_demand_at.is_none();
    if is_synced || contact.groups_at.is_some() && contact.users_at.is_none() {
        return None;
    }
    let sentence = match contact.on_demand_at.or(contact.users_at) {
        None => format!(
            "The connection was tested {} ago, and nothing was synced yet.",
            span(facts.now.since(last))
        ),
        Some(at) => format!(
            "Only single people were sent on demand so far, the last {} ago.",
            span(facts.now.since(at))
        ),
    };
    let remedy = match facts.provider {
        "entra_id" => "In Entra ID, set Provisioning Status to On, or press Start provisioning.",
        _ => "Switch provisioning on in the identity provider, and assign people to the application.",
    };
    Some(Health::new(HealthState::Testing, sentence, Some(last)).mend(remedy))
}

fn active(facts: &Facts<'_>) -> Health {
    let contact = facts.contact;
    let last = contact.last_at.or(facts.last_request_at).unwrap_or(facts.now);
    let seen = format!("The last contact was {} ago.", span(facts.now.since(last)));
    if contact.groups_at.is_some() && contact.users_at.is_none() {
        let remedy = match facts.provider {
            "entra_id" => {
                "In Entra ID, open Provisioning, Mappings, and enable \"Provision Microsoft Entra ID Users\"."
            }
            _ => "Switch the provisioning of users on in the identity provider.",
        };
        let sentence = format!("Groups were sent, but no users. {seen}");
        return Health::new(HealthState::Active, sentence, contact.initial_at).mend(remedy);
    }
    let sentence = format!("The directory is synced. {seen}");
    Health::new(HealthState::Active, sentence, contact.initial_at)
}

/// `1 request`, `2 requests`.
fn counted(count: u32, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A length of time for people: its largest unit that it has at least two of, or one.
fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let counted = |count: u64, what| counted(u32::try_from(count).unwrap_or(u32::MAX), what);
    match seconds {
        0..120 => counted(seconds, "second"),
        120..7_200 => counted(seconds / 60, "minute"),
        7_200..172_800 => counted(seconds / 3_600, "hour"),
        _ => counted(seconds / 86_400, "day"),
    }
}

/// The day of a time, in UTC.
fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::super::EndedKey;
    use super::{Contact, Facts, Health, HealthState, Switch, health};
    use events::Timestamp;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 + minute * 60_000)
    }

    fn of(contact: &Contact, minute: i64) -> Health {
        of_provider("entra_id", contact, minute)
    }

    fn of_provider(provider: &str, contact: &Contact, minute: i64) -> Health {
        health(&Facts {
            switch: Switch::On,
            held_at: None,
            provider,
            last_error: None,
            last_request_at: None,
            contact,
            cycle: None,
            now: at(minute),
        })
    }

    #[track_caller]
    fn expect(health: &Health, state: HealthState, remedy: &str) {
        assert_eq!(health.state, state, "{health:?}");
        assert!(
            health.remedy.as_deref().unwrap_or_default().contains(remedy),
            "{health:?}"
        );
    }

    #[test]
    fn each_step_of_a_connection_says_what_to_do_next() {
        expect(&of(&Contact::default(), 0), HealthState::Waiting, "tenant URL");
        let pulled = of_provider(super::PULLED, &Contact::default(), 0);
        expect(&pulled, HealthState::Waiting, "graph/status");
        let strangers = Contact {
            strangers: 3,
            stranger_at: Some(at(0)),
            ..Contact::default()
        };
        expect(&of(&strangers, 3), HealthState::Waiting, "Secret Token");
        assert!(of(&strangers, 3).sentence.contains("3 requests"));
        let tested = Contact {
            last_at: Some(at(0)),
            ..Contact::default()
        };
        expect(&of(&tested, 5), HealthState::Testing, "Provisioning Status to On");
        let synced = Contact {
            users_at: Some(at(0)),
            initial_at: Some(at(0)),
            regular_at: Some(at(0)),
            silent_at: Some(at(120)),
            ..tested
        };
        assert_eq!(of(&synced, 5).state, HealthState::Active);
        assert_eq!(of(&synced, 5).remedy, None);
        expect(&of(&synced, 121), HealthState::Silent, "Provisioning Status is On");
        assert_eq!(of(&synced, 121).since, Some(at(0)));
    }

    #[test]
    fn groups_without_users_and_tokens_that_ended_are_named() {
        let groups = Contact {
            last_at: Some(at(0)),
            groups_at: Some(at(0)),
            initial_at: Some(at(0)),
            ..Contact::default()
        };
        expect(
            &of(&groups, 5),
            HealthState::Active,
            "Provision Microsoft Entra ID Users",
        );
        let ended = Contact {
            ended_key: Some(EndedKey {
                ended_at: at(0),
                seen_at: at(9),
            }),
            ..groups
        };
        expect(&of(&ended, 10), HealthState::Failing, "new key");
        assert!(of(&ended, 10).sentence.contains("2027-01-15"));
    }

    #[test]
    fn what_an_administrator_decided_comes_first() {
        let contact = Contact::default();
        let facts = |switch| Facts {
            switch,
            held_at: Some(at(1)),
            provider: "okta",
            last_error: Some("no"),
            last_request_at: Some(at(0)),
            contact: &contact,
            cycle: None,
            now: at(2),
        };
        assert_eq!(health(&facts(Switch::Paused)).state, HealthState::Paused);
        assert_eq!(health(&facts(Switch::Held)).since, Some(at(1)));
        let failing = health(&facts(Switch::On));
        assert_eq!(failing.state, HealthState::Failing);
        assert!(failing.sentence.ends_with("no"));
    }
}
