//! How what is on a stream reaches the app (SSF 1.0 §6.1).

use super::fault::SsfFault;
use super::members::Members;
use crate::state::Inner;
use secrecy::SecretString;
use store::StreamMethod;
use webhooks::CustomHeaders;

/// RFC 8935.
pub(super) const PUSH: &str = "urn:ietf:rfc:8935";
/// RFC 8936.
pub(super) const POLL: &str = "urn:ietf:rfc:8936";

/// How the app wants it.
#[derive(Debug)]
pub(super) enum WantedDelivery {
    /// Sent to this URL.
    Push {
        /// In its normal form.
        url: String,
        header: WantedHeader,
    },
    /// Fetched.
    Poll,
}

/// What the app says of the `Authorization` header of what it is sent.
#[derive(Debug)]
pub(super) enum WantedHeader {
    /// Nothing. It is never shown, so an app that sends back what it read cannot repeat it.
    Unsaid,
    /// There is none.
    None,
    /// This one.
    Is(SecretString),
}

/// Reads `delivery`; without it, the app fetches (SSF 1.0 §8.1.1.1).
pub(super) fn read(state: &Inner, members: &Members) -> Result<Option<WantedDelivery>, SsfFault> {
    let Some(delivery) = members.object("delivery")? else {
        return Ok(None);
    };
    let method = delivery.text("method", 200)?;
    match method.as_deref() {
        Some(PUSH) => push(state, &delivery).map(Some),
        // Its URL is made here, whatever the app says.
        Some(POLL) => Ok(Some(WantedDelivery::Poll)),
        _ => Err(SsfFault::request(format!("delivery.method must be {PUSH} or {POLL}"))),
    }
}

fn push(state: &Inner, delivery: &Members) -> Result<WantedDelivery, SsfFault> {
    let url = delivery.text("endpoint_url", 2_048)?;
    let url = url.ok_or_else(|| SsfFault::request("delivery.endpoint_url is missing"))?;
    let url = state
        .config
        .guard
        .check(url.trim())
        .map_err(|refused| SsfFault::request(format!("delivery.endpoint_url: {refused}")))?;
    let header = match (
        delivery.any("authorization_header"),
        delivery.text("authorization_header", 2_000)?,
    ) {
        (_, Some(text)) => {
            CustomHeaders::new([("authorization", text.as_str())])
                .map_err(|error| SsfFault::request(format!("delivery.authorization_header: {error}")))?;
            WantedHeader::Is(text.into())
        }
        (Some(_), None) => WantedHeader::None,
        (None, None) => WantedHeader::Unsaid,
    };
    Ok(WantedDelivery::Push {
        url: url.into(),
        header,
    })
}

impl WantedDelivery {
    pub(super) const fn method(&self) -> StreamMethod {
        match self {
            Self::Push { .. } => StreamMethod::Push,
            Self::Poll => StreamMethod::Poll,
        }
    }
}
