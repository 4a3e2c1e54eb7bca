//! One page of a list as one statement, whose cost is that of the page.
//!
//! The ids of the page are found first; only then are resources read, each by its id, and what they refer to. A page ends
//! before it would hold more bytes than it may, so that it costs little memory however large the resources are, but
//! it always has a first row (RFC 7644 §3.4.2.4: fewer than asked for is lawful).
//!
//! None of this is left to the planner, which takes a table that was filled a moment ago for nearly empty: a subselect
//! with `OFFSET 0` and one in the place of a value stay what they are, and a comparison `IS TRUE` is checked in each row,
//! never searched by. So every row here is found by its primary key or the one index that is meant.

use crate::Dialect;
use crate::filter::Kind;

/// What an answer has of each resource beside its attributes: `id`, `meta`, `schemas`.
const FRAME: u64 = 400;
/// What it has of each group of a user, or member of a group.
const REFERENCE: u64 = 200;

/// The statement of a page.
pub(crate) struct Statement<'a> {
    pub(crate) dialect: Dialect,
    pub(crate) kind: Kind,
    /// With a column `refs`: see [`references_of`].
    pub(crate) references: bool,
    /// With a column `total`: how many the directory `$1` has.
    pub(crate) total: bool,
    /// A query of the columns `n` and `id`: which resources, in the order of `n`.
    pub(crate) ids: &'a str,
    /// How large the page may be.
    pub(crate) most_bytes: u64,
}

impl Statement<'_> {
    /// Its columns are those of the resource (`id`, `version`, `created_at`, `updated_at`, `resource`), the bytes of the
    /// page up to it (`bytes`), and how many ids there were (`found`).
    pub(crate) fn text(&self) -> String {
        let Self { dialect, kind, ids, .. } = *self;
        let table = kind.table();
        let mut more = String::new();
        if self.references {
            more.push_str(&format!(", {} AS refs", references_of(dialect, kind, "s")));
        }
        if self.total {
            more.push_str(&format!(", {} AS total", kept(kind)));
        }
        let columns = format!(
            "r.id, r.directory_id, r.version, r.created_at, r.updated_at, r.resource, {} AS size",
            self.size()
        );
        let rows = match dialect {
            Dialect::Postgres => format!(
                "(SELECT p.n, x.* FROM page p CROSS JOIN LATERAL \
                 (SELECT {columns} FROM {table} r WHERE r.id = p.id OFFSET 0) AS x)"
            ),
            Dialect::Sqlite => format!("(SELECT p.n, {columns} FROM page p CROSS JOIN {table} r WHERE r.id = p.id)"),
        };
        format!(
            "WITH page AS MATERIALIZED ({ids}) \
             SELECT s.id, s.version, s.created_at, s.updated_at, s.resource, s.bytes, s.found{more} FROM \
             (SELECT y.*, ROW_NUMBER() OVER (ORDER BY y.n) AS place, \
             CAST(SUM(y.size) OVER (ORDER BY y.n) AS bigint) AS bytes, \
             (SELECT COUNT(*) FROM page) AS found FROM {rows} AS y) AS s \
             WHERE s.place = 1 OR s.bytes <= {} ORDER BY s.n",
            number(self.most_bytes)
        )
    }

    /// About how many bytes an answer has of the resource `r`.
    fn size(&self) -> String {
        let attributes = format!("octet_length(r.resource) + {FRAME}");
        if !self.references {
            return attributes;
        }
        let key = match self.kind {
            Kind::User => "member_id",
            Kind::Group => "group_id",
        };
        // Counted no further than it matters.
        format!(
            "{attributes} + {REFERENCE} * \
             (SELECT COUNT(*) FROM (SELECT 1 FROM group_members m WHERE m.{key} = r.id LIMIT {}) AS counted)",
            number(self.most_bytes / REFERENCE + 1)
        )
    }
}

/// A number within a statement.
fn number(value: u64) -> String {
    i64::try_from(value).unwrap_or(i64::MAX).to_string()
}

/// A resource by a condition on `r`, with what it refers to.
pub(crate) fn one(dialect: Dialect, kind: Kind, references: bool, condition: &str) -> String {
    let refs = if references {
        format!(", {} AS refs", references_of(dialect, kind, "r"))
    } else {
        String::new()
    };
    format!(
        "SELECT r.id, r.version, r.created_at, r.updated_at, r.resource{refs} FROM {} r WHERE {condition}",
        kind.table()
    )
}

/// What the resource `row` refers to as JSON text, NULL for nothing: the groups of a user as pairs of id and name; the
/// members of a group as triples of id, kind and name. In order of their ids.
fn references_of(dialect: Dialect, kind: Kind, row: &str) -> String {
    let here = format!("(m.directory_id = {row}.directory_id) IS TRUE");
    match (kind, dialect) {
        (Kind::User, Dialect::Postgres) => format!(
            "(SELECT json_agg(json_build_array(m.group_id, {GROUP_NAME}) ORDER BY m.group_id)::text \
             FROM group_members m WHERE m.member_id = {row}.id AND {here})"
        ),
        (Kind::User, Dialect::Sqlite) => format!(
            "(SELECT json_group_array(json_array(lower(hex(m.group_id)), {GROUP_NAME}) ORDER BY m.group_id) \
             FROM group_members m WHERE m.member_id = {row}.id AND {here})"
        ),
        (Kind::Group, Dialect::Postgres) => format!(
            "(SELECT json_agg(json_build_array(o.member_id, o.kind, o.display))::text FROM \
             (SELECT m.member_id, m.kind, {MEMBER_NAME} AS display FROM group_members m \
             WHERE m.group_id = {row}.id AND {here} ORDER BY m.group_id, m.member_id) AS o)"
        ),
        (Kind::Group, Dialect::Sqlite) => format!(
            "(SELECT json_group_array(json_array(lower(hex(o.member_id)), o.kind, o.display)) FROM \
             (SELECT m.member_id, m.kind, {MEMBER_NAME} AS display FROM group_members m \
             WHERE m.group_id = {row}.id AND {here} ORDER BY m.group_id, m.member_id) AS o)"
        ),
    }
}

/// The name of the group of a membership `m`; NULL when it is not of the same directory.
const GROUP_NAME: &str = "(SELECT g.display_name FROM groups g WHERE g.id = m.group_id \
    AND (g.directory_id = m.directory_id) IS TRUE)";

/// What the member of a membership `m` is shown with: its own `displayName`, if it has one.
pub(crate) const MEMBER_NAME: &str = "CASE m.kind \
    WHEN 0 THEN (SELECT u.display_name FROM users u WHERE u.id = m.member_id \
    AND (u.directory_id = m.directory_id) IS TRUE) \
    ELSE (SELECT g.display_name FROM groups g WHERE g.id = m.member_id \
    AND (g.directory_id = m.directory_id) IS TRUE) END";

/// The ids of a page of a whole directory `$1` in order of creation: at most `$2` after the first `$3`. Skips from
/// whichever end is nearer: how many there are is kept.
pub(crate) fn ids_by_offset(dialect: Dialect, kind: Kind) -> String {
    let (table, total) = (kind.table(), kept(kind));
    let (least, most) = match dialect {
        Dialect::Postgres => ("LEAST", "GREATEST"),
        Dialect::Sqlite => ("min", "max"),
    };
    // Without a kept number the beginning is what is known.
    let from_end = format!("COALESCE(2 * $3 > {total}, FALSE)");
    let rows = |direction: &str, limit: &str, offset: &str| {
        format!(
            "(SELECT r.id FROM {table} r WHERE r.directory_id = $1 \
             ORDER BY r.directory_id{direction}, r.created_at{direction}, r.id{direction} LIMIT {limit} OFFSET {offset})"
        )
    };
    let forward = rows("", &format!("(SELECT CASE WHEN {from_end} THEN 0 ELSE $2 END)"), "$3");
    let backward = rows(
        " DESC",
        &format!("(SELECT CASE WHEN {from_end} THEN {most}({least}($2, {total} - $3), 0) ELSE 0 END)"),
        &format!("(SELECT COALESCE({most}({total} - $3 - $2, 0), 0))"),
    );
    format!(
        "SELECT ROW_NUMBER() OVER () AS n, f.id FROM {forward} AS f \
         UNION ALL SELECT -ROW_NUMBER() OVER () AS n, b.id FROM {backward} AS b"
    )
}

/// The same after the place of the row created at `$3` with the id `$4`.
pub(crate) fn ids_after(kind: Kind) -> String {
    format!(
        "SELECT ROW_NUMBER() OVER () AS n, f.id FROM (SELECT r.id FROM {} r \
         WHERE r.directory_id = $1 AND (r.created_at, r.id) > ($3, $4) \
         ORDER BY r.directory_id, r.created_at, r.id LIMIT $2) AS f",
        kind.table()
    )
}

/// How many there are in the directory `$1`, where that is kept.
fn kept(kind: Kind) -> String {
    format!(
        "(SELECT kept.{} FROM directory_counts kept WHERE kept.directory_id = $1)",
        kind.table()
    )
}
