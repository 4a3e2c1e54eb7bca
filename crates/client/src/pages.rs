//! Lists, page by page.

use crate::call::Call;
use crate::connection::Client;
use crate::error::ClientError;
use serde::de::DeserializeOwned;

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// Its elements.
    pub data: Vec<T>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<String>,
}

/// A list that is read page by page, of which one is held at a time.
#[derive(Debug)]
pub struct Pages<'a> {
    client: &'a Client,
    call: Option<Call>,
    cursor: &'static str,
}

impl<'a> Pages<'a> {
    /// The pages of a list, from the one that `call` asks for; `cursor` is the parameter that says where a page begins:
    /// `after` for the event log, else `cursor`.
    #[must_use]
    pub const fn new(client: &'a Client, call: Call, cursor: &'static str) -> Self {
        Self {
            client,
            call: Some(call),
            cursor,
        }
    }

    /// The next page; `None` after the last.
    ///
    /// # Errors
    /// See [`ClientError`]; what comes back after an error is the same page again.
    pub async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<Page<T>>, ClientError> {
        let Some(call) = self.call.take() else {
            return Ok(None);
        };
        match self.client.call::<api::List<T>>(&call).await {
            Ok(list) => {
                let next = list.next_cursor;
                self.call = next.as_ref().map(|next| call.with(self.cursor, next.as_str()));
                Ok(Some(Page { data: list.data, next }))
            }
            Err(error) => {
                self.call = Some(call);
                Err(error)
            }
        }
    }
}
