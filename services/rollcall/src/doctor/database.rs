//! The database, and what waits or ends in it.

use super::apps;
use super::findings::Findings;
use super::machine::database_file;
use super::sealed;
use events::{EventId, Timestamp};
use runtime::{Settings, existing_master_keys};
use secrecy::ExposeSecret as _;
use std::time::Duration;
use store::{
    CredentialFilter, CredentialKind, Directory, DirectoryFilter, DirectoryState, ListPage, Store, StoreError,
    StoreOptions,
};

/// Objects asked for at once.
const PAGE: u16 = 100;
/// Directories that are looked at; there may be more.
const MOST_DIRECTORIES: usize = 1_000;
/// Credentials that end sooner are told.
const SOON: Duration = Duration::from_secs(30 * 24 * 3_600);
/// Deliveries and events that wait longer are told.
const LONG: Duration = Duration::from_secs(5 * 60);
/// Names that are shown.
const MOST_SHOWN: usize = 5;

/// Looks at it. A file is not made, and nothing is migrated.
pub(super) async fn look(settings: &Settings, findings: &mut Findings) {
    if let Some(file) = database_file(settings).filter(|file| !file.exists()) {
        let said = format!("{} is made at the first start", file.display());
        return findings.ok("database", said);
    }
    let options = StoreOptions {
        max_connections: 2,
        application_name: "rollcall-doctor".to_owned(),
        ..StoreOptions::new(settings.database_url().expose_secret())
    };
    let store = match Store::connect(&options).await {
        Ok(store) => store,
        Err(error) => {
            let said = telemetry::chain(&error).to_string();
            return findings.fail(
                "database",
                said,
                "see that it runs, and that ROLLCALL_DATABASE_URL names it",
            );
        }
    };
    let looked = inside(settings, &store, findings).await;
    store.close().await;
    if let Err(error) = looked {
        let said = telemetry::chain(&error).to_string();
        findings.fail("database", said, "see the log of the database");
    }
}

async fn inside(settings: &Settings, store: &Store, findings: &mut Findings) -> Result<(), StoreError> {
    let checkup = store.checkup().await?;
    findings.ok("database", format!("{:?} {} answers", store.dialect(), checkup.version));
    if !checkup.unknown.is_empty() {
        let said = format!("{} migrations are of a newer version than this", checkup.unknown.len());
        findings.fail(
            "schema",
            said,
            "use that version, or a copy of the database from before it",
        );
        return Ok(());
    }
    if !checkup.pending.is_empty() {
        let said = format!("{} migrations are not applied yet", checkup.pending.len());
        findings.warn("schema", said, "`rollcall migrate`; a start does it, too");
        return Ok(());
    }
    findings.ok("schema", "up to date");
    let lanes = settings.partitions.to_string();
    if let Some(stored) = checkup.partitions.filter(|stored| *stored != lanes) {
        let said = format!("the database was set up with {stored} lanes, and ROLLCALL_PARTITIONS is {lanes}");
        findings.fail(
            "lanes",
            said,
            format!("set ROLLCALL_PARTITIONS to {stored} in every service"),
        );
    }
    deliveries(store, findings).await?;
    log(settings, store, findings).await?;
    match existing_master_keys(settings) {
        Ok(keys) => {
            sealed::look(&keys, store, findings).await?;
            apps::look(&keys, store, findings).await?;
        }
        Err(error) => findings.fail(
            "master key",
            telemetry::chain(&error).to_string(),
            "give this command the same ROLLCALL_MASTER_KEY or data dir as the services",
        ),
    }
    dead_letters(store, findings).await?;
    directories(store, findings).await?;
    credentials(store, findings).await
}

async fn deliveries(store: &Store, findings: &mut Findings) -> Result<(), StoreError> {
    let backlog = store.deliveries().backlog().await?;
    let held = backlog.waiting.get("held").copied().unwrap_or_default();
    let waiting = backlog.waiting.values().sum::<u64>() - held;
    let age = backlog.oldest.map(|at| Timestamp::now().since(at));
    let said = format!("{waiting} deliveries wait, {held} are held");
    match age.filter(|age| *age > LONG) {
        None => findings.ok("deliveries", said),
        Some(age) => findings.warn(
            "deliveries",
            format!("{said}; the oldest since {} minutes", age.as_secs() / 60),
            "`rollcall deliveries list --status scheduled` shows what the apps answered",
        ),
    }
    if backlog.disabled > 0 {
        findings.warn(
            "endpoints",
            format!(
                "{} of {} are switched off",
                backlog.disabled,
                backlog.disabled + backlog.enabled
            ),
            "`rollcall endpoints list` says why; `rollcall endpoints enable ID` switches one on",
        );
    } else {
        findings.ok("endpoints", format!("{} are on", backlog.enabled));
    }
    Ok(())
}

/// What is committed and not yet on the bus.
async fn log(settings: &Settings, store: &Store, findings: &mut Findings) -> Result<(), StoreError> {
    let lanes: Vec<u16> = (0..settings.partitions.get()).collect();
    let waiting = store.events().unpublished(&lanes, 1).await?.events;
    let age = waiting.first().map(|event| Timestamp::now().since(made_at(event.id)));
    match age.filter(|age| *age > LONG) {
        None => findings.ok("event log", "all of it is on the bus"),
        Some(age) => findings.warn(
            "event log",
            format!("an event waits for the bus since {} minutes", age.as_secs() / 60),
            "see that a projector runs and reaches the bus",
        ),
    }
    Ok(())
}

/// When an event was made: its id tells (UUID v7).
fn made_at(id: EventId) -> Timestamp {
    let seconds = id.uuid().get_timestamp().map_or(0, |made| made.to_unix().0);
    Timestamp::from_millis(i64::try_from(seconds).unwrap_or_default().saturating_mul(1_000))
}

async fn directories(store: &Store, findings: &mut Findings) -> Result<(), StoreError> {
    let mut seen = Vec::new();
    let mut page = ListPage {
        limit: PAGE,
        cursor: None,
    };
    let is_all = loop {
        let list = store.directories().list(DirectoryFilter::default(), &page).await?;
        seen.extend(list.data);
        match list.next_cursor {
            None => break true,
            Some(_) if seen.len() >= MOST_DIRECTORIES => break false,
            next => page.cursor = next,
        }
    };
    let held: Vec<&Directory> = seen.iter().filter(|one| one.state == DirectoryState::Held).collect();
    let of = if is_all {
        format!("{}", seen.len())
    } else {
        format!("the newest {}", seen.len())
    };
    if held.is_empty() {
        findings.ok("directories", format!("of {of} none is held"));
    } else {
        let names = shown(held.iter().map(|one| format!("{} {}", one.name, one.id)));
        findings.warn(
            "directories",
            format!("of {of} are held, because too many people would have gone: {names}"),
            "look at them with `rollcall directories health ID`, and release them by the API where it is meant",
        );
    }
    Ok(())
}

/// What ends soon, by the list that `GET /credentials` shows: the next end first.
async fn credentials(store: &Store, findings: &mut Findings) -> Result<(), StoreError> {
    let filter = CredentialFilter {
        organization_id: None,
        directory_id: None,
        kinds: CredentialKind::ALL.to_vec(),
        ends_before: Some(Timestamp::now().plus(SOON)),
    };
    let page = ListPage {
        limit: PAGE,
        cursor: None,
    };
    let ending = store.credential_ends().list(&filter, &page).await?;
    if ending.data.is_empty() {
        findings.ok("credentials", "none ends within 30 days");
        return Ok(());
    }
    let more = if ending.next_cursor.is_some() { "more than " } else { "" };
    let named = ending
        .data
        .iter()
        .map(|one| format!("{} {} ({})", called(one.kind), one.name, one.ends_at));
    findings.warn(
        "credentials",
        format!(
            "{more}{} end within 30 days or have ended: {}",
            ending.data.len(),
            shown(named)
        ),
        "make new ones, and give them to those who use the old ones; `rollcall credentials list` shows all",
    );
    Ok(())
}

const fn called(kind: CredentialKind) -> &'static str {
    match kind {
        CredentialKind::DirectoryKey => "directory key",
        CredentialKind::OauthClient => "OAuth client",
        CredentialKind::AdminKey => "admin key",
        CredentialKind::ClientCertificate => "client certificate of",
        CredentialKind::PreviousSecret => "previous secret of",
        CredentialKind::Connection => "secret or certificate of the connection",
        CredentialKind::GraphCertificate => "certificate for Microsoft Graph",
        CredentialKind::GraphSecret => "secret for Microsoft Graph",
    }
}

/// Messages that could not be processed and are kept: what `GET /dead-letters` shows.
async fn dead_letters(store: &Store, findings: &mut Findings) -> Result<(), StoreError> {
    let page = ListPage {
        limit: PAGE,
        cursor: None,
    };
    let kept = store.dead_letters().list(None, &page).await?;
    if kept.data.is_empty() {
        findings.ok("dead letters", "none are kept");
        return Ok(());
    }
    let more = if kept.next_cursor.is_some() { "more than " } else { "" };
    findings.warn(
        "dead letters",
        format!("{more}{} messages could not be processed and are kept", kept.data.len()),
        "`rollcall dead-letters list` shows why; `rollcall dead-letters redrive ID` sends one again",
    );
    Ok(())
}

/// A few of them.
fn shown(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(MOST_SHOWN);
    let shown: Vec<String> = names.take(MOST_SHOWN).collect();
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}{more}", shown.join(", "))
}
