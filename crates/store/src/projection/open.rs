//! The first look: who holds the lanes, what the directories are, which commands are settled, and how far they reach.

use super::{BatchTx, DirectoryFacts, Opening, PROJECTOR};
use crate::rows::{Column, Params, RowSet};
use crate::sql::Row;
use crate::{StoreError, inbox};
use directory::{HEAVY_ROWS, Policy, Reach};
use events::DirectoryId;
use std::collections::HashMap;

/// What rows tell that are not about a lane; the number stands where a lane's number stands.
const DIRECTORY: i64 = -1;
const SETTLED: i64 = -2;
const MEMBERS: i64 = -3;
const TIES: i64 = -4;

const NO_ID: &str = "CAST(NULL AS uuid)";
const NO_TEXT: &str = "CAST(NULL AS text)";

impl BatchTx {
    /// Asks all of it. Returns the lanes that somebody else has taken over since. A statement of its own after the locks:
    /// what it sees is no older than they are.
    pub(super) async fn open(&mut self, opening: &Opening<'_>) -> Result<Vec<u16>, StoreError> {
        let mut params = Params::new(self.dialect);
        let role = params.text(PROJECTOR);
        let mut parts = vec![format!(
            "SELECT CAST(l.id AS bigint) AS lane, l.epoch AS number, {NO_ID} AS id, {NO_ID} AS other_id, \
             {NO_TEXT} AS content FROM lanes l WHERE l.role = {role}"
        )];
        let set = params.rows("r", ids(opening.directories.iter().map(|id| id.uuid())));
        parts.push(format!(
            "SELECT CAST({DIRECTORY} AS bigint), s.last, d.id, d.organization_id, d.settings FROM {set} \
             JOIN directories d ON d.id = r.id JOIN sequences s ON s.directory_id = d.id"
        ));
        if !opening.commands.is_empty() {
            let set = params.rows("r", ids(opening.commands.iter().map(|id| id.uuid())));
            parts.push(format!(
                "SELECT CAST({SETTLED} AS bigint), CAST(i.status AS bigint), i.command_id, {NO_ID}, i.result FROM {set} \
                 JOIN inbox i ON i.command_id = r.id"
            ));
        }
        parts.extend(count(&mut params, opening.reaches));
        let mut epochs = HashMap::new();
        for row in self.tx.query(&parts.join(" UNION ALL "), params).await? {
            let number: i64 = row.get("number")?;
            match row.get::<i64>("lane")? {
                DIRECTORY => {
                    let settings: String = row.get("content")?;
                    let facts = DirectoryFacts {
                        organization_id: row.id("other_id")?,
                        policy: Policy::from_settings(&settings).map_err(StoreError::corrupt)?,
                        last: number,
                    };
                    self.directories.insert(row.id("id")?, facts);
                }
                SETTLED => {
                    let result: Option<String> = row.get("content")?;
                    let verdict = inbox::from_row(row.id("id")?, number, result.as_deref())?;
                    self.settled.push(verdict);
                }
                kind @ (MEMBERS | TIES) => {
                    let (directory, id) = (row.id::<DirectoryId>("other_id")?, row.id("id")?);
                    let reach = match kind {
                        MEMBERS => Reach::Members(directory, id),
                        _ => Reach::Ties(directory, id),
                    };
                    self.reaches.insert(reach, u64::try_from(number).unwrap_or_default());
                }
                lane => {
                    epochs.insert(lane, number);
                }
            }
        }
        let is_mine = |(lane, epoch): &&(u16, i64)| epochs.get(&i64::from(*lane)) == Some(epoch);
        let lost = opening.held.iter().filter(|lane| !is_mine(lane));
        Ok(lost.map(|(lane, _)| *lane).collect())
    }
}

fn ids(ids: impl Iterator<Item = uuid::Uuid>) -> RowSet {
    let mut set = RowSet::new(&[("id", Column::Id)]);
    ids.for_each(|id| set.push(vec![id.into()]));
    set
}

/// The parts that count, no further than they must.
fn count(params: &mut Params, reaches: &[Reach]) -> Vec<String> {
    let columns = &[
        ("directory_id", Column::Id),
        ("id", Column::Id),
        ("manager", Column::Text),
    ];
    let (mut members, mut ties) = (RowSet::new(columns), RowSet::new(columns));
    for reach in reaches {
        let (set, directory, id) = match reach {
            Reach::Members(directory, id) => (&mut members, directory, id),
            Reach::Ties(directory, id) => (&mut ties, directory, id),
        };
        set.push(vec![directory.uuid().into(), id.uuid().into(), id.to_string().into()]);
    }
    let most = HEAVY_ROWS + 1;
    let up_to = |rows: &str| format!("(SELECT COUNT(*) FROM (SELECT 1 FROM {rows} LIMIT {most}) counted)");
    let members_of = up_to("group_members m WHERE m.group_id = r.id");
    let groups_of = up_to("group_members m WHERE m.member_id = r.id AND m.directory_id = r.directory_id");
    let reports_of = up_to("users u WHERE u.directory_id = r.directory_id AND u.manager_id = r.manager");
    [
        (MEMBERS, members, members_of),
        (TIES, ties, format!("{groups_of} + {reports_of}")),
    ]
    .into_iter()
    .filter(|(_, set, _)| !set.is_empty())
    .map(|(kind, set, number)| {
        let set = params.rows("r", set);
        format!("SELECT CAST({kind} AS bigint), {number}, r.id, r.directory_id, {NO_TEXT} FROM {set}")
    })
    .collect()
}
