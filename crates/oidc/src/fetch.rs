//! The one place that sends a request: a document of an issuer, bounded in size and time, redirects not followed.

use crate::EntraError;
use reqwest::{Client, Response, redirect};
use std::time::Duration;
use tokio::sync::OnceCell;

/// How long fetching may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The largest document, in bytes.
const MAX_DOCUMENT: usize = 1 << 20;

/// Why a document could not be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// There is no answer, or its end did not come.
    #[error("the provider cannot be reached")]
    Http(#[from] reqwest::Error),
    /// The provider sent us elsewhere, and nobody has allowed the way there.
    #[error("the provider answers with a redirect, which is not followed")]
    Redirected,
    /// The answer is no success.
    #[error("the provider answers with status {status}")]
    Status {
        /// The status.
        status: u16,
        /// What Entra ID says about it.
        entra: Option<EntraError>,
    },
    /// The document is longer than [`MAX_DOCUMENT`].
    #[error("the provider's document is larger than {MAX_DOCUMENT} bytes")]
    TooLarge,
    /// The document is no key set.
    #[error("the provider's keys cannot be read")]
    Keys(#[from] serde_json::Error),
}

impl FetchError {
    /// A name of the reason that stays the same.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Http(_) => "unreachable",
            Self::Redirected => "redirected",
            Self::Status { .. } => "status",
            Self::TooLarge => "document_too_large",
            Self::Keys(_) => "keys_unreadable",
        }
    }
}

/// Fetches documents. Its client is made when it is first needed, unless it was given one: most installations never need
/// it.
#[derive(Debug, Default)]
pub(crate) struct Fetcher {
    client: OnceCell<Client>,
}

impl Fetcher {
    pub(crate) fn with_client(client: Client) -> Self {
        Self {
            client: OnceCell::new_with(Some(client)),
        }
    }

    /// The document at this URL.
    pub(crate) async fn document(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let client = self.client.get_or_try_init(async || client()).await?;
        let request = client.get(url).timeout(TIMEOUT).build()?;
        let asked = request.url().clone();
        let response = client.execute(request).await?;
        let status = response.status();
        // A client that was given to us may follow redirects: then the answer is from another URL.
        if status.is_redirection() || *response.url() != asked {
            return Err(FetchError::Redirected);
        }
        let body = body(response).await?;
        if status.is_success() {
            return Ok(body);
        }
        Err(FetchError::Status {
            status: status.as_u16(),
            entra: EntraError::from_body(&body),
        })
    }
}

async fn body(mut response: Response) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MAX_DOCUMENT {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn client() -> reqwest::Result<Client> {
    Client::builder()
        .user_agent(concat!("Rollcall/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .referer(false)
        .build()
}
