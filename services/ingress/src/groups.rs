//! `/Groups`: a handler a file.

mod create;
mod delete;
mod get;
mod list;
mod patch;
mod replace;

pub(crate) use create::create;
pub(crate) use delete::delete;
pub(crate) use get::get;
pub(crate) use list::{list, search};
pub(crate) use patch::patch;
pub(crate) use replace::replace;
