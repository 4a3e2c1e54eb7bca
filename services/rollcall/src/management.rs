//! The commands of the management API: `rollcall endpoints list` and all others. They are made of the OpenAPI document, which
//! is made of the routes themselves, so there is a command for every operation, with a flag for every member.

mod arguments;
mod fields;
mod health;
mod operations;
mod rows;
mod run;
mod tables;

pub(crate) use arguments::{command, groups};
pub(crate) use health::{HealthArgs, health};
pub(crate) use run::run;
