//! The rules of a directory: what a lifecycle command does to users, groups and memberships.
//!
//! Pure: [`Needs`] tells which rows a batch of commands touches, the caller loads them into a [`DirectoryRows`], and
//! [`DirectoryRows::apply`] changes them in memory and answers with the outcome and the events to announce. What is to be
//! written comes out of [`DirectoryRows::writes`]. No IO, no clock: the same rows and the same commands always give the
//! same result, which is what lets the log be replayed.

mod apply;
mod brake;
mod domains;
mod event;
mod group;
mod mapped;
mod members;
mod needs;
mod policy;
mod refusal;
mod required;
mod resource;
mod roles;
mod schemas;
pub mod sync;
mod user;
mod weight;
mod writes;

pub use apply::{Announcement, AppliedCommand};
pub use brake::{BrakeFacts, BrakeSettings, BrakeWrites, HoldReason, may_take_away};
pub use domains::PeopleOf;
pub use event::{
    Concern, EndpointSubscription, ErasedBody, Fields, Images, InvalidScope, NoSignal, Owner, ParsedEvent, PeopleById,
    Rendering, SIGNAL_URIS, Scope, Signal, SignalClaims, StreamNews, UnknownField, Untold, before_image,
    carries_signals, claims_of, erase, group_before, is_signalled, left, member_user, normalized_group,
    normalized_user, replay, user_before,
};
pub use members::MemberBrief;
pub use needs::Needs;
pub use policy::{GRANTS, GroupRole, Indexing, Policy, RoleRule};
pub use resource::{Group, User};
pub use roles::{MOST_ROLE_CHANGES, RoleEffects, RoleInputs, RuleEffect, role_change, role_effects};
pub use schemas::{AttributeDeclaration, DeclaredType, SchemaDeclaration};
pub use weight::{HEAVY_BYTES, HEAVY_ROWS, Reach, reach, weight};
pub use writes::{CountChange, Writes};

pub use apply::DirectoryRows;
