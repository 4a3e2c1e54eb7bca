//! What the web pages of all services have in common: the layout, the look, the icons, how assets are served, and the
//! headers that keep a page from doing what it should not.
//!
//! A page is rendered on the server and needs no script. It has no style and no script of its own inside it, so one
//! policy without exceptions holds for all of them ([`POLICY`]).

mod assets;
mod fixed;
mod headers;
mod leading;
mod page;
mod words;

pub use assets::{asset, configure};
pub use fixed::{Fixed, REVALIDATED};
pub use headers::{POLICY, secure};
pub use leading::Leading;
pub use page::{Account, Link, Look, Mark, NavGroup, Page};
pub use words::Words;

pub use askama::Template;
