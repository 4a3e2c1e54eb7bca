//! Who was refused last without having proved who they are, beside the directories: strangers can bring that about.

use super::ddl::Ddl::{self, Both};

pub(super) const STATEMENTS: &[Ddl] = &[Both(
    "CREATE TABLE directory_refusals (
        directory_id ID NOT NULL PRIMARY KEY REFERENCES directories (id) ON DELETE CASCADE,
        refused_at TIME NOT NULL,
        reason text NOT NULL
    ) CLUSTERED",
)];
