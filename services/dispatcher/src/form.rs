//! What a delivery is sent as: its endpoint decides.

use crate::endpoints::LoadedEndpoint;
use crate::job::Job;
use crate::logout::{LogoutTokens, NoLogoutToken};
use crate::signal::{NoToken, SignalTokens};
use events::Timestamp;
use store::EndpointFormat;
use webhooks::set::SetIssuer;
use webhooks::{Content, Secret};

/// Makes what is sent as a token.
#[derive(Debug)]
pub(crate) struct Issuers {
    pub(crate) sets: SetIssuer,
    pub(crate) logouts: LogoutTokens,
    pub(crate) signals: SignalTokens,
}

/// What a delivery is sent as.
pub(crate) enum Form {
    /// As it is stored.
    AsItIs,
    /// A Security Event Token.
    Set(String),
    /// A form with a logout token.
    Logout(String),
}

/// Why a delivery has no form.
pub(crate) enum NoForm {
    /// Nothing can mend it.
    Never(String),
    /// It may have one later.
    NotNow,
}

impl Form {
    pub(crate) fn content<'a>(&'a self, job: &'a Job, secrets: &'a [Secret]) -> Content<'a> {
        match self {
            Self::AsItIs => Content::Standard {
                secrets,
                body: &job.body,
            },
            Self::Set(token) => Content::SecurityEvent(token),
            Self::Logout(form) => Content::Logout(form),
        }
    }
}

impl Issuers {
    /// The form of a delivery to an endpoint, whose URL is `url`.
    pub(crate) async fn form(&self, job: &Job, endpoint: &LoadedEndpoint, url: &str) -> Result<Form, NoForm> {
        match (endpoint.format, endpoint.app) {
            (EndpointFormat::Standard, _) => Ok(Form::AsItIs),
            (EndpointFormat::Set, _) => {
                let jti = job.delivery_id.to_string();
                let own = [url.to_owned()];
                let audience = endpoint.audience.as_deref().unwrap_or(&own);
                let token = self.sets.token(&job.body, &jti, audience);
                token.map(Form::Set).map_err(|error| NoForm::Never(error.to_string()))
            }
            (EndpointFormat::LogoutToken, Some(app)) => {
                let form = self.logouts.form(&job.body, app, Timestamp::now()).await;
                form.map(Form::Logout).map_err(|error| match error {
                    NoLogoutToken::Unreadable(_) => NoForm::Never(error.to_string()),
                    NoLogoutToken::Keys(_) | NoLogoutToken::Key(_) => {
                        tracing::warn!(
                            event.id = %job.event_id,
                            error = %telemetry::chain(&error),
                            "a logout is not told yet"
                        );
                        NoForm::NotNow
                    }
                })
            }
            (EndpointFormat::Signals, Some(app)) => {
                let token = self.signals.token(&job.body, job.delivery_id, app).await;
                token.map(Form::Set).map_err(|error| match error {
                    NoToken::Untold(_) => NoForm::Never(error.to_string()),
                    NoToken::Keys(_) | NoToken::Key(_) => {
                        tracing::warn!(
                            event.id = %job.event_id,
                            error = %telemetry::chain(&error),
                            "a signal is not told yet"
                        );
                        NoForm::NotNow
                    }
                })
            }
            (EndpointFormat::LogoutToken | EndpointFormat::Signals, None) => {
                Err(NoForm::Never("the endpoint is no app's".to_owned()))
            }
        }
    }
}
