//! Sending what is written down.

use super::Post;
use crate::state::State;
use ::mail::{Content, Failure, Letter, Mail};
use events::Timestamp;
use futures_util::future::join_all;
use runtime::Shutdown;
use std::time::Duration;
use store::{ClaimedMail, MailOutcome, StoreError};

/// Mails sent at a time.
const AT_ONCE: u64 = 5;
/// How long mails belong to who claimed them: longer than sending one may take.
const LEASE: Duration = Duration::from_secs(60);
/// How often it is looked for mails that are due.
const INTERVAL: Duration = Duration::from_secs(5);
/// How long mails that are being sent have at a soft stop. What is not done by then is sent again.
const LAST_MOMENTS: Duration = Duration::from_secs(5);
/// When a mail is tried again after each failure, in seconds: about two days in all, then it is given up.
const RETRIES: [u64; 11] = [10, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 57_600];
/// A server that refuses a mail for good may be set up wrongly, and is asked so often.
const MOST_REFUSALS: u32 = 4;

/// Runs until a soft stop.
pub(super) async fn run(state: &State, post: &Post, shutdown: &Shutdown) {
    let sending = async {
        loop {
            match send_some(state, post).await {
                Ok(true) => {}
                Ok(false) => {
                    let _ = tokio::time::timeout(INTERVAL, post.written.notified()).await;
                }
                Err(error) => {
                    tracing::warn!(error = %telemetry::chain(&error), "mails could not be read or noted");
                    tokio::time::sleep(INTERVAL).await;
                }
            }
            if shutdown.soft.is_cancelled() {
                break;
            }
        }
    };
    let last_moments = async {
        shutdown.soft.cancelled().await;
        post.written.notify_one();
        tokio::time::sleep(LAST_MOMENTS).await;
    };
    tokio::select! {
        () = sending => {}
        () = last_moments => {}
    }
}

/// Sends some of the mails that are due. Whether there were any.
async fn send_some(state: &State, post: &Post) -> Result<bool, StoreError> {
    let mails = state.store().mails();
    let now = Timestamp::now();
    let claimed = mails.claim(now, now.plus(LEASE), AT_ONCE).await?;
    let is_any = !claimed.is_empty();
    let sent = claimed.into_iter().map(|mail| async move {
        let outcome = send(state, post, &mail).await;
        (mail, outcome)
    });
    mails.finish(&join_all(sent).await, Timestamp::now()).await?;
    Ok(is_any)
}

/// Sends one, and says what became of it. Logs and reasons never have the address.
async fn send(state: &State, post: &Post, mail: &ClaimedMail) -> MailOutcome {
    let id = mail.id().to_string();
    let sent = match letter(state, mail) {
        Ok(letter) => {
            let envelope = Mail {
                id: &id,
                to: &mail.recipient,
                subject: letter.subject,
                text: letter.text,
                html: letter.html,
            };
            post.mailer.send(envelope).await
        }
        Err(failure) => Err(failure),
    };
    let outcome = match sent {
        Ok(()) => MailOutcome::Sent,
        Err(failure) => after(&failure, mail.tries(), Timestamp::now()),
    };
    let name = match &outcome {
        MailOutcome::Sent => {
            tracing::info!(mail = id, tries = mail.tries(), "a mail was sent");
            "sent"
        }
        MailOutcome::RetryAt(at, reason) => {
            tracing::warn!(mail = id, tries = mail.tries(), next = %at, reason, "a mail could not be sent yet");
            "retried"
        }
        MailOutcome::GivenUp(reason) => {
            tracing::error!(mail = id, tries = mail.tries(), reason, "a mail is given up");
            "given_up"
        }
    };
    metrics::counter!("rollcall_mails_total", "outcome" => name).increment(1);
    outcome
}

fn letter(state: &State, mail: &ClaimedMail) -> Result<Letter, Failure> {
    let content: Content =
        serde_json::from_str(&mail.content).map_err(|_| Failure::Unfit("what it tells cannot be read"))?;
    Letter::of(&content, state.public_url()).map_err(|_| Failure::Unfit("it cannot be written"))
}

/// What becomes of a mail after a failure; `tries` counts this one.
fn after(failure: &Failure, tries: u32, now: Timestamp) -> MailOutcome {
    let reason = failure.to_string();
    let retry = usize::try_from(tries.saturating_sub(1))
        .ok()
        .and_then(|index| RETRIES.get(index));
    match (failure, retry) {
        (Failure::Unfit(_), _) | (_, None) => MailOutcome::GivenUp(reason),
        (Failure::Refused(_), _) if tries >= MOST_REFUSALS => MailOutcome::GivenUp(reason),
        (Failure::Refused(_) | Failure::Later(_), Some(seconds)) => {
            MailOutcome::RetryAt(now.plus(Duration::from_secs(*seconds)), reason)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_tried_for_about_two_days_and_then_given_up() {
        let start = Timestamp::from_millis(1_800_000_000_000);
        let later = Failure::Later("the server could not be reached".to_owned());
        let (mut now, mut tries) = (start, 0);
        loop {
            tries += 1;
            match after(&later, tries, now) {
                MailOutcome::RetryAt(at, _) => now = at,
                MailOutcome::GivenUp(_) => break,
                MailOutcome::Sent => unreachable!("it failed"),
            }
        }
        let hours = now.since(start).as_secs() / 3_600;
        assert!(
            (40..=60).contains(&hours) && tries == 12,
            "{hours} hours, {tries} tries"
        );
        assert!(
            Duration::from_hours(7 * 24) > now.since(start),
            "a mail is not forgotten before"
        );
    }

    #[test]
    fn what_the_server_refuses_for_good_is_tried_a_few_times() {
        let now = Timestamp::now();
        let refused = Failure::Refused(550);
        assert!(matches!(after(&refused, 1, now), MailOutcome::RetryAt(..)));
        assert!(matches!(after(&refused, 4, now), MailOutcome::GivenUp(_)));
        assert!(matches!(after(&Failure::Unfit("x"), 1, now), MailOutcome::GivenUp(_)));
    }
}
