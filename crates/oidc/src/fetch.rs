//! The one place that sends a request: a document of an issuer, bounded in size and time, redirects not followed.

use reqwest::{Client, redirect};
use std::time::Duration;
use tokio::sync::OnceCell;

/// How long fetching may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The largest document, in bytes.
const MAX_DOCUMENT: usize = 1 << 20;

/// Why a document could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("the issuer's keys cannot be fetched")]
    Http(#[from] reqwest::Error),
    #[error("the issuer's keys are answered with status {0}")]
    Status(u16),
    #[error("the issuer's keys are larger than {MAX_DOCUMENT} bytes")]
    TooLarge,
    #[error("the issuer's keys cannot be read")]
    Json(#[from] serde_json::Error),
}

/// Fetches documents. Its client is made when it is first needed: most installations never need it.
#[derive(Debug, Default)]
pub(crate) struct Fetcher {
    client: OnceCell<Client>,
}

impl Fetcher {
    /// The document at this URL.
    pub(crate) async fn document(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let client = self.client.get_or_try_init(async || client()).await?;
        let mut response = client.get(url).send().await?;
        if !response.status().is_success() {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        let mut document = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if document.len() + chunk.len() > MAX_DOCUMENT {
                return Err(FetchError::TooLarge);
            }
            document.extend_from_slice(&chunk);
        }
        Ok(document)
    }
}

fn client() -> reqwest::Result<Client> {
    Client::builder()
        .user_agent(concat!("Rollcall/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .referer(false)
        .timeout(TIMEOUT)
        .build()
}
