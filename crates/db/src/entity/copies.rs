//! Copies of users and groups that the log tells of. Each has the columns of the table that it copies, so that a statement
//! about a copy is one about that table's entity with another name.

use sea_orm::{DeriveIden, EnumIter};

/// The tables of the state up to which the log was cut off (`Base`), and of the one that a rebuild puts together (`Fresh`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveIden)]
pub enum CopyTable {
    UsersBase,
    UserEmailsBase,
    GroupsBase,
    GroupMembersBase,
    UsersFresh,
    UserEmailsFresh,
    GroupsFresh,
    GroupMembersFresh,
}
