//! A session with where its person came by, in one statement: whether somebody may go on needs all of it each time.

use super::connections::{Connection, connection};
use super::sessions::{SsoSession, SsoSessions, session};
use crate::{Directory, StoreError};
use db::entity::{connections, directories, sso_sessions};
use db::send::look_up;
use events::SsoSessionId;
use sea_orm::sea_query::{Expr, ExprTrait as _, SelectStatement};
use sea_orm::{DbErr, EntityTrait, FromQueryResult, IdenStatic as _, Iterable as _, QueryResult};

/// What the columns of each table begin with in the answer.
const SESSION: &str = "s_";
const CONNECTION: &str = "c_";
const DIRECTORY: &str = "d_";

/// A session, with the connection that its person came by and the directory that the person is in.
#[derive(Clone, Debug)]
pub struct PlacedSession {
    /// The session.
    pub session: SsoSession,
    /// The connection.
    pub connection: Connection,
    /// The directory.
    pub directory: Directory,
}

impl SsoSessions {
    /// One session in its place, also one that is over.
    ///
    /// # Errors
    /// As any query.
    pub async fn placed(&self, id: SsoSessionId) -> Result<Option<PlacedSession>, StoreError> {
        let found: Option<Row> = look_up(self.store.sign_on(), &placed(id)).await?;
        let Some(row) = found else { return Ok(None) };
        Ok(Some(PlacedSession {
            session: session(row.session)?,
            connection: connection(row.connection),
            directory: row.directory.into(),
        }))
    }
}

/// Each row leads to one of the next: sessions go with their connection, and connections with their directory.
fn placed(id: SsoSessionId) -> SelectStatement {
    let mut query = SelectStatement::new();
    select::<sso_sessions::Entity>(&mut query, SESSION);
    select::<connections::Entity>(&mut query, CONNECTION);
    select::<directories::Entity>(&mut query, DIRECTORY);
    let of_session = |column| Expr::col((sso_sessions::Entity, column));
    query
        .from(sso_sessions::Entity)
        .inner_join(
            connections::Entity,
            of_session(sso_sessions::Column::ConnectionId).equals((connections::Entity, connections::Column::Id)),
        )
        .inner_join(
            directories::Entity,
            of_session(sso_sessions::Column::DirectoryId).equals((directories::Entity, directories::Column::Id)),
        )
        .and_where(of_session(sso_sessions::Column::Id).eq(id.uuid()));
    query
}

/// All columns of a table, by names that begin so.
fn select<E: EntityTrait>(query: &mut SelectStatement, prefix: &str) {
    for column in E::Column::iter() {
        query.expr_as(
            Expr::col((E::default(), column)),
            format!("{prefix}{}", column.as_str()),
        );
    }
}

struct Row {
    session: sso_sessions::Model,
    connection: connections::Model,
    directory: directories::Model,
}

impl FromQueryResult for Row {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        Ok(Self {
            session: FromQueryResult::from_query_result(row, SESSION)?,
            connection: FromQueryResult::from_query_result(row, CONNECTION)?,
            directory: FromQueryResult::from_query_result(row, DIRECTORY)?,
        })
    }
}
