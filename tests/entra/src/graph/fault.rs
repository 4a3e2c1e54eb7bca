//! What a test wants to go wrong, as an answer.

use super::Call;
use super::answer::{Answer, Delivery};
use super::budget::throttled;
use crate::faults::{Action, RetryAfter};
use serde_json::Value;

impl Call<'_> {
    pub(super) fn strike(&mut self, action: Action) -> Answer {
        match action {
            Action::Throttle { retry_after } => self.later(throttled(), retry_after),
            Action::Status { status, retry_after } => {
                let code = match status {
                    503 => "serviceUnavailable",
                    504 => "gatewayTimeout",
                    _ => "generalException",
                };
                self.later(Answer::error(status, code, "Something failed on the way."), retry_after)
            }
            Action::Slow { .. } | Action::Reset | Action::Truncate | Action::Gzip => Answer {
                delivery: action.delivery().unwrap_or_default(),
                ..self.route()
            },
            Action::Html { status } => Answer {
                delivery: Delivery::Html,
                ..Answer::new(status, Value::Null)
            },
            Action::Redirect { location } => {
                let elsewhere = || format!("{}/v1.0{}?{}", self.world.elsewhere, self.asked.path, self.asked.query);
                Answer::new(302, Value::Null).with("Location", location.unwrap_or_else(elsewhere))
            }
            Action::Gone { location } => self.gone(location, ""),
            Action::GoneElsewhere => {
                let location = format!("{}/v1.0{}?$deltatoken=", self.world.elsewhere, self.asked.path);
                self.gone(false, "").with("Location", location)
            }
            Action::LinkElsewhere => self.led_elsewhere(),
            Action::SteadyState => steady_state(),
            Action::NotFound => Answer::no_resource(&self.asked.path),
            Action::Unauthorized => Answer::error(
                401,
                "InvalidAuthenticationToken",
                "Lifetime validation failed, the token is expired.",
            ),
            Action::Forbidden => Answer::error(
                403,
                "Authorization_RequestDenied",
                "Insufficient privileges to complete the operation.",
            ),
            // It applies to the token endpoint alone.
            Action::Token { .. } => self.route(),
        }
    }

    /// 410: the state is lost. With a place to begin again at, which has these parameters.
    pub(super) fn gone(&self, location: bool, parameters: &str) -> Answer {
        if !location {
            return Answer::error(410, "SyncStateNotFound", "The sync state is not known. Begin again.");
        }
        let answer = Answer::error(
            410,
            "resyncRequired",
            "Resync required. Begin again at the place given.",
        );
        let url = &self.world.url;
        answer.with(
            "Location",
            format!("{url}/v1.0{}?{parameters}$deltatoken=", self.asked.path),
        )
    }

    /// The right answer, but its link leads to the other host.
    fn led_elsewhere(&mut self) -> Answer {
        let mut answer = self.route();
        for name in ["@odata.nextLink", "@odata.deltaLink"] {
            let link = answer.body.get(name).and_then(Value::as_str);
            if let Some(path) = link.and_then(|link| link.strip_prefix(&self.world.url)) {
                let elsewhere = format!("{}{path}", self.world.elsewhere);
                answer.body[name] = Value::String(elsewhere);
            }
        }
        answer
    }

    fn later(&mut self, answer: Answer, retry_after: RetryAfter) -> Answer {
        let Some((text, seconds)) = retry_after.header(self.now) else {
            return answer;
        };
        // Whoever is sent away from one user does not ask for the next, either.
        let first = self
            .asked
            .path
            .trim_start_matches('/')
            .split('/')
            .next()
            .unwrap_or_default();
        self.wait(&format!("/{first}"), seconds);
        answer.with("Retry-After", text)
    }
}

/// A round that was never finished.
pub(super) fn steady_state() -> Answer {
    Answer::bad("Sync must reach steady state within 30 days.")
}
