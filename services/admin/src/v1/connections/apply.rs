//! What a PATCH makes of a connection.

use super::create::accounts_stored;
use super::provider::{Discovered, Entered};
use crate::problem::Problem;
use ::events::Timestamp;
use api::{ConnectionPatch, ConnectionSwitch};
use store::{Connection, ConnectionState};

/// What is said where nobody has tested a connection that shall become active.
const UNTESTED: &str =
    "A test login must succeed before. Log in with one of test_accounts, or send \"force\": true to go without.";

/// Puts in the provider that was entered, and what it says about itself, if it was asked. Another one was not tested, so the
/// connection begins anew.
pub(super) fn apply_provider(
    connection: &mut Connection,
    entered: Entered,
    discovered: Option<Discovered>,
    now: Timestamp,
) {
    let is_other = Entered::of(connection) != entered;
    if is_other {
        connection.authority = entered.authority;
        connection.client_id = entered.client_id;
        connection.expected_issuer = entered.expected_issuer;
        connection.metadata = None;
        connection.metadata_at = None;
        connection.state = ConnectionState::Draft;
        connection.tested_at = None;
        connection.last_test = None;
        connection.failing_since = None;
        connection.last_error = None;
    }
    match discovered {
        Some(Ok(metadata)) => {
            // It was about what is known now.
            if connection.metadata.is_none() {
                connection.last_error = None;
            }
            connection.metadata = Some(metadata);
            connection.metadata_at = Some(now);
        }
        Some(Err(why)) => connection.last_error = Some(why),
        None => {}
    }
}

/// Makes all other changes.
///
/// # Errors
/// 422 for a connection that shall become active and was not tested.
pub(super) fn apply(connection: &mut Connection, patch: ConnectionPatch, now: Timestamp) -> Result<(), Problem> {
    if let Some(name) = patch.name {
        connection.name = name;
    }
    if let Some(claim) = patch.user_name_claim {
        connection.user_name_claim = claim;
    }
    connection.allows_guests = patch.allows_guests.unwrap_or(connection.allows_guests);
    if let Some(accounts) = patch.test_accounts {
        connection.test_accounts = accounts_stored(&accounts)?;
    }
    match patch.state {
        Some(ConnectionSwitch::Active) => activate(connection, patch.force.unwrap_or_default())?,
        Some(ConnectionSwitch::Paused) => {
            connection.state = ConnectionState::Paused;
            connection.failing_since = None;
        }
        None => {}
    }
    connection.updated_at = now;
    Ok(())
}

fn activate(connection: &mut Connection, is_forced: bool) -> Result<(), Problem> {
    let may = match connection.state {
        ConnectionState::Active => return Ok(()),
        ConnectionState::Tested | ConnectionState::Failing => true,
        ConnectionState::Paused => connection.tested_at.is_some(),
        ConnectionState::Draft => false,
    };
    if !may && !is_forced {
        return Err(Problem::invalid_at("#/state", UNTESTED));
    }
    if connection.state == ConnectionState::Failing {
        connection.failing_since = None;
        connection.last_error = None;
    }
    connection.state = ConnectionState::Active;
    Ok(())
}
