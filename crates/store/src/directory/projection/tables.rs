//! The sets of tables that hold users and groups.

use db::entity::copies::CopyTable;
use db::entity::{group_members, groups, user_emails, users};
use sea_orm::Iterable;
use sea_orm::sea_query::{DynIden, IntoIden};

/// Each set has the tables of the live one, with the columns of their entities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tables {
    /// Those that everybody reads.
    Live,
    /// The state at which the kept log begins.
    Base,
    /// What a rebuild puts together.
    Fresh,
}

/// A table of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Users,
    Emails,
    Groups,
    Members,
}

impl Tables {
    pub(super) fn table(self, table: Table) -> DynIden {
        match (self, table) {
            (Self::Live, Table::Users) => users::Entity.into_iden(),
            (Self::Live, Table::Emails) => user_emails::Entity.into_iden(),
            (Self::Live, Table::Groups) => groups::Entity.into_iden(),
            (Self::Live, Table::Members) => group_members::Entity.into_iden(),
            (Self::Base, Table::Users) => CopyTable::UsersBase.into_iden(),
            (Self::Base, Table::Emails) => CopyTable::UserEmailsBase.into_iden(),
            (Self::Base, Table::Groups) => CopyTable::GroupsBase.into_iden(),
            (Self::Base, Table::Members) => CopyTable::GroupMembersBase.into_iden(),
            (Self::Fresh, Table::Users) => CopyTable::UsersFresh.into_iden(),
            (Self::Fresh, Table::Emails) => CopyTable::UserEmailsFresh.into_iden(),
            (Self::Fresh, Table::Groups) => CopyTable::GroupsFresh.into_iden(),
            (Self::Fresh, Table::Members) => CopyTable::GroupMembersFresh.into_iden(),
        }
    }

    pub(super) fn users(self) -> DynIden {
        self.table(Table::Users)
    }

    pub(super) fn emails(self) -> DynIden {
        self.table(Table::Emails)
    }

    pub(super) fn groups(self) -> DynIden {
        self.table(Table::Groups)
    }

    pub(super) fn members(self) -> DynIden {
        self.table(Table::Members)
    }
}

impl Table {
    pub(super) const ALL: [Self; 4] = [Self::Users, Self::Emails, Self::Groups, Self::Members];

    /// Its columns.
    pub(super) fn columns(self) -> Vec<DynIden> {
        match self {
            Self::Users => names(users::Column::iter()),
            Self::Emails => names(user_emails::Column::iter()),
            Self::Groups => names(groups::Column::iter()),
            Self::Members => names(group_members::Column::iter()),
        }
    }

    /// The columns of its primary key.
    pub(super) fn key(self) -> Vec<DynIden> {
        match self {
            Self::Users => names(users::PrimaryKey::iter()),
            Self::Emails => names(user_emails::PrimaryKey::iter()),
            Self::Groups => names(groups::PrimaryKey::iter()),
            Self::Members => names(group_members::PrimaryKey::iter()),
        }
    }
}

fn names<C: IntoIden>(columns: impl Iterator<Item = C>) -> Vec<DynIden> {
    columns.map(IntoIden::into_iden).collect()
}
