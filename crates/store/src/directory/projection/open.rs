//! The first look: who holds the lanes, what the directories are, which commands are settled, and how far they reach.

use super::{BatchTx, DirectoryFacts, Opening, PROJECTOR};
use crate::Dialect;
use crate::StoreError;
use crate::event_log::inbox as verdicts;
use db::entity::column::Id;
use db::entity::{directories, group_members, inbox, lanes, sequences, users};
use db::expr::{Texts, count_up_to, fixed, null, number};
use db::rows::{Columns, Parameters, Rows, ValueKind};
use db::sql::ReadColumns;
use directory::{HEAVY_ROWS, Policy, Reach};
use events::DirectoryId;
use sea_orm::sea_query::{Expr, ExprTrait as _, JoinType, Query, SelectStatement, TableRef, UnionType};
use std::collections::HashMap;
use std::sync::LazyLock;
use uuid::Uuid;

/// What rows tell that are not about a lane; the number stands where a lane's number stands.
const DIRECTORY: i64 = -1;
const SETTLED: i64 = -2;
const MEMBERS: i64 = -3;
const TIES: i64 = -4;

/// What a row is about: a lane, or one of the numbers above.
const LANE: &str = "lane";
/// The columns beside it.
const NUMBER: &str = "number";
const ID: &str = "id";
const OTHER_ID: &str = "other_id";
const CONTENT: &str = "content";

/// The rows that a part asks about.
const ASKED: &str = "r";
const MANAGER: &str = "manager";

static IDS: LazyLock<Columns> = LazyLock::new(|| Columns::default().and(ID, ValueKind::Id));
static REACHES: LazyLock<Columns> =
    LazyLock::new(|| Columns::of([users::Column::DirectoryId, users::Column::Id]).and(MANAGER, ValueKind::Text));

impl BatchTx {
    /// Asks all of it. Returns the lanes that somebody else has taken over since. A statement of its own after the locks:
    /// what it sees is no older than they are.
    pub(super) async fn open(&mut self, opening: &Opening<'_>) -> Result<Vec<u16>, StoreError> {
        let dialect = self.dialect;
        let commands = ids(opening.commands.iter().map(|id| id.uuid()));
        let (members, ties) = reaches(opening.reaches);
        let facts = [
            dialect == Dialect::Sqlite,
            !commands.is_empty(),
            !members.is_empty(),
            !ties.is_empty(),
        ];
        static TEXTS: Texts<16> = Texts::new();
        let sql = TEXTS.get(facts, || fixed(dialect, &statement(dialect, facts)));
        let mut values = vec![PROJECTOR.into()];
        values.extend(ids(opening.directories.iter().map(|id| id.uuid())).into_values(dialect));
        for rows in [commands, members, ties].into_iter().filter(|rows| !rows.is_empty()) {
            values.extend(rows.into_values(dialect));
        }
        let mut epochs = HashMap::new();
        for row in self.tx.query(sql, values).await? {
            let number: i64 = row.get(NUMBER)?;
            match row.get::<i64>(LANE)? {
                DIRECTORY => {
                    let settings: String = row.get(CONTENT)?;
                    let facts = DirectoryFacts {
                        organization_id: row.id(OTHER_ID)?,
                        policy: Policy::from_settings(&settings).map_err(StoreError::corrupt)?,
                        last: number,
                    };
                    self.directories.insert(row.id(ID)?, facts);
                }
                SETTLED => {
                    let result: Option<String> = row.get(CONTENT)?;
                    let verdict = verdicts::from_row(row.id(ID)?, number, result.as_deref())?;
                    self.settled.push(verdict);
                }
                kind @ (MEMBERS | TIES) => {
                    let (directory, id) = (row.id::<DirectoryId>(OTHER_ID)?, row.id(ID)?);
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

fn ids(ids: impl Iterator<Item = Uuid>) -> Rows {
    let mut rows = Rows::new(&IDS);
    ids.for_each(|id| rows.push([id.into()]));
    rows
}

/// Groups whose members are counted, and users and groups whose ties are.
fn reaches(reaches: &[Reach]) -> (Rows, Rows) {
    let (mut members, mut ties) = (Rows::new(&REACHES), Rows::new(&REACHES));
    for reach in reaches {
        let (rows, directory, id) = match reach {
            Reach::Members(directory, id) => (&mut members, directory, id),
            Reach::Ties(directory, id) => (&mut ties, directory, id),
        };
        rows.push([Id(*directory).into(), Id(*id).into(), id.to_string().into()]);
    }
    (members, ties)
}

/// All questions as one statement, with those parts that are wanted beside lanes and directories.
fn statement(dialect: Dialect, [_, commands, members, ties]: [bool; 4]) -> SelectStatement {
    let mut parameters = Parameters::new(dialect);
    let mut all = lanes(parameters.value());
    let mut and = |part: SelectStatement| {
        all.union(UnionType::All, part);
    };
    and(directories(parameters.table(&IDS, ASKED)));
    if commands {
        and(settled(parameters.table(&IDS, ASKED)));
    }
    if members {
        and(counted(MEMBERS, members_of(), parameters.table(&REACHES, ASKED)));
    }
    if ties {
        let number = groups_of().add(reports_of());
        and(counted(TIES, number, parameters.table(&REACHES, ASKED)));
    }
    all
}

/// The lanes of a role. The first part: its columns name and type those of all.
fn lanes(role: Expr) -> SelectStatement {
    Query::select()
        .expr_as(Expr::col(lanes::Column::Id).cast_as("bigint"), LANE)
        .expr_as(Expr::col(lanes::Column::Epoch), NUMBER)
        .expr_as(null("uuid"), ID)
        .expr_as(null("uuid"), OTHER_ID)
        .expr_as(null("text"), CONTENT)
        .from(lanes::Entity)
        .and_where(Expr::col(lanes::Column::Role).eq(role))
        .take()
}

fn asked(column: &'static str) -> Expr {
    Expr::col((ASKED, column))
}

fn directories(these: TableRef) -> SelectStatement {
    use directories::Column::{Id, OrganizationId, Settings};
    let directory = |column| Expr::col((directories::Entity, column));
    let counter = |column| Expr::col((sequences::Entity, column));
    Query::select()
        .expr(number(DIRECTORY).cast_as("bigint"))
        .expr(counter(sequences::Column::Last))
        .exprs([Id, OrganizationId, Settings].map(directory))
        .from(these)
        .join(JoinType::Join, directories::Entity, directory(Id).eq(asked(ID)))
        .join(
            JoinType::Join,
            sequences::Entity,
            counter(sequences::Column::DirectoryId).eq(directory(Id)),
        )
        .take()
}

/// The commands that have a verdict.
fn settled(these: TableRef) -> SelectStatement {
    use inbox::Column::{CommandId, Result, Status};
    let verdict = |column| Expr::col((inbox::Entity, column));
    Query::select()
        .expr(number(SETTLED).cast_as("bigint"))
        .expr(verdict(Status).cast_as("bigint"))
        .expr(verdict(CommandId))
        .expr(null("uuid"))
        .expr(verdict(Result))
        .from(these)
        .join(JoinType::Join, inbox::Entity, verdict(CommandId).eq(asked(ID)))
        .take()
}

/// How many there are of something for each of these.
fn counted(kind: i64, many: Expr, these: TableRef) -> SelectStatement {
    Query::select()
        .expr(number(kind).cast_as("bigint"))
        .expr(many)
        .expr(asked(ID))
        .column((ASKED, users::Column::DirectoryId))
        .expr(null("text"))
        .from(these)
        .take()
}

/// No further than it must be counted.
const MOST: u64 = HEAVY_ROWS + 1;

fn members_of() -> Expr {
    let is_of_it = Expr::col(group_members::Column::GroupId).eq(asked(ID));
    let members = Query::select().from(group_members::Entity).and_where(is_of_it).take();
    count_up_to(MOST, members)
}

fn groups_of() -> Expr {
    use group_members::Column::{DirectoryId, MemberId};
    let memberships = Query::select()
        .from(group_members::Entity)
        .and_where(Expr::col(MemberId).eq(asked(ID)))
        .and_where(Expr::col((group_members::Entity, DirectoryId)).eq(Expr::col((ASKED, DirectoryId))))
        .take();
    count_up_to(MOST, memberships)
}

fn reports_of() -> Expr {
    use users::Column::{DirectoryId, ManagerId};
    let reports = Query::select()
        .from(users::Entity)
        .and_where(Expr::col((users::Entity, DirectoryId)).eq(Expr::col((ASKED, DirectoryId))))
        .and_where(Expr::col(ManagerId).eq(asked(MANAGER)))
        .take();
    count_up_to(MOST, reports)
}
