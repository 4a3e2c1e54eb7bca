//! Lists, a page at a time.

use super::MOST_PAGES;
use crate::error::{GraphError, Unreadable};
use crate::exchange::{Ask, RawPage};
use crate::link::DeltaLink;
use crate::permission::AnyOf;
use crate::session::Session;
use futures_util::stream::{self, Stream};
use serde_json::{Map, Value};

/// A list to read.
#[derive(Clone, Debug)]
pub(super) struct List {
    /// Path behind the version. Links to further pages have the same.
    pub(super) path: String,
    /// With its `?`, or nothing.
    pub(super) query: String,
    pub(super) cost: u32,
    pub(super) any_of: AnyOf,
    pub(super) eventual: bool,
}

/// Reads an element of a list. The error is half a sentence that says what it lacks.
pub(super) type Read<T> = fn(Map<String, Value>) -> Result<T, &'static str>;

/// Where a list goes on.
struct Place {
    link: Option<DeltaLink>,
    pages: usize,
}

impl Session {
    /// The pages of a list. After an error nothing follows.
    pub(super) fn pages<T>(
        &self,
        list: List,
        read: Read<T>,
    ) -> impl Stream<Item = Result<Vec<T>, GraphError>> + Send + use<T>
    where
        T: Send,
    {
        let session = self.clone();
        let start = Some(Place { link: None, pages: 0 });
        stream::try_unfold(start, move |place| {
            let (session, list) = (session.clone(), list.clone());
            async move {
                let Some(place) = place else { return Ok(None) };
                let (items, next) = session.list_page(&list, place.link.as_ref(), place.pages, read).await?;
                let pages = place.pages + 1;
                Ok(Some((
                    items,
                    next.map(|link| Place {
                        link: Some(link),
                        pages,
                    }),
                )))
            }
        })
    }

    /// One page of a list, and where the next one is. `pages` were read before.
    pub(super) async fn list_page<T>(
        &self,
        list: &List,
        link: Option<&DeltaLink>,
        pages: usize,
        read: Read<T>,
    ) -> Result<(Vec<T>, Option<DeltaLink>), GraphError> {
        let paths = [list.path.clone()];
        let url = match link {
            None => self.identity.endpoints.url(&format!("{}{}", list.path, list.query)),
            Some(link) => self.pinned(link, &paths)?,
        };
        let ask = Ask {
            eventual: list.eventual,
            ..Ask::get(url, list.cost, list.any_of)
        };
        self.ask(&ask, |answer| {
            let page = RawPage::read(&answer, &self.identity.endpoints, &paths)?;
            let is_endless = page.next.is_some() && (pages + 1 >= MOST_PAGES || page.next.as_ref() == link);
            if is_endless {
                return Err(answer.unreadable(Unreadable::Endless { limit: MOST_PAGES }));
            }
            let read = |members| read(members).map_err(|what| answer.unreadable(Unreadable::Shape(what)));
            let items = page.items.into_iter().map(read).collect::<Result<_, _>>()?;
            Ok((items, page.next))
        })
        .await
    }
}
