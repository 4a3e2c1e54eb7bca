use super::{Columns, Parameters, Rows, ValueKind, is_one_of, list};
use crate::Dialect;
use crate::expr::{fixed, truth};
use crate::send::fetch_all;
use crate::sql::query_all;
use crate::testing::ScratchDatabase;
use sea_orm::sea_query::{Asterisk, Expr, Query};
use sea_orm::{FromQueryResult, Value};
use std::sync::LazyLock;
use uuid::Uuid;

static COLUMNS: LazyLock<Columns> = LazyLock::new(|| {
    Columns::default()
        .and("id", ValueKind::Id)
        .and("number", ValueKind::BigInt)
        .and("holds", ValueKind::Bool)
        .and("text", ValueKind::Text)
        .and_nullable("other_id", ValueKind::Id)
        .and_nullable("other_text", ValueKind::Text)
        .and_nullable("other_number", ValueKind::BigInt)
        .and_nullable("other_holds", ValueKind::Bool)
        .and_nullable("bytes", ValueKind::Bytes)
});

#[derive(Clone, Debug, PartialEq, FromQueryResult)]
struct Row {
    id: Uuid,
    number: i64,
    holds: bool,
    text: String,
    other_id: Option<Uuid>,
    other_text: Option<String>,
    other_number: Option<i64>,
    other_holds: Option<bool>,
    bytes: Option<Vec<u8>>,
}

fn some() -> Vec<Row> {
    let texts = [
        "plain",
        "",
        "NULL",
        "{},\"\\\\x\"",
        "\\",
        "\"",
        "two\nlines\tand \u{1f600} \u{e9}\u{7f}",
        " edges ",
    ];
    let row = |(n, text): (i64, &&str)| Row {
        id: Uuid::new_v4(),
        number: n - 3,
        holds: n % 2 == 0,
        text: (*text).to_owned(),
        other_id: (n % 3 > 0).then(Uuid::new_v4),
        other_text: (n != 2).then(|| (*text).to_owned()),
        other_number: (n % 3 > 1).then_some(i64::MIN + n),
        other_holds: (n % 2 > 0).then_some(n % 3 > 0),
        bytes: (n % 3 == 0).then(|| vec![0, 255, 92, 34]),
    };
    (0..).zip(&texts).map(row).collect()
}

fn rows(those: &[Row]) -> Rows {
    let mut rows = Rows::new(&COLUMNS);
    for row in those.iter().cloned() {
        rows.push([
            row.id.into(),
            row.number.into(),
            row.holds.into(),
            row.text.into(),
            row.other_id.into(),
            row.other_text.into(),
            row.other_number.into(),
            row.other_holds.into(),
            row.bytes.into(),
        ]);
    }
    rows
}

#[tokio::test]
async fn rows_come_out_of_a_statement_as_they_went_in() {
    for dialect in [Dialect::Postgres, Dialect::Sqlite] {
        let database = ScratchDatabase::of(dialect).await;
        let connections = &database.database;
        let those = some();
        let bound = Query::select()
            .column(Asterisk)
            .from(rows(&those).table(dialect, "r"))
            .take();
        assert_eq!(fetch_all::<Row, _>(connections.read(), &bound).await.unwrap(), those);
        let text = Query::select()
            .column(Asterisk)
            .from(Parameters::new(dialect).table(&COLUMNS, "r"))
            .and_where(truth(true))
            .take();
        let text = fixed(dialect, &text);
        for some in [&those[..], &those[..1], &[]] {
            let values = rows(some).into_values(dialect);
            let found = query_all(connections.read(), text.as_str(), values).await.unwrap();
            let found: Vec<Row> = found
                .iter()
                .map(|row| Row::from_query_result(row, "").unwrap())
                .collect();
            assert_eq!(found, some);
        }
        database.close().await;
    }
}

#[derive(Debug, PartialEq, FromQueryResult)]
struct Answer {
    holds: bool,
}

#[tokio::test]
async fn one_of_a_list_is_found_by_its_value() {
    for dialect in [Dialect::Postgres, Dialect::Sqlite] {
        let database = ScratchDatabase::of(dialect).await;
        let ids: Vec<Uuid> = (0..3).map(|_| Uuid::new_v4()).collect();
        let cases: [(ValueKind, Value, Vec<Value>, bool); 5] = [
            (
                ValueKind::Id,
                ids[1].into(),
                ids.iter().map(|id| (*id).into()).collect(),
                true,
            ),
            (ValueKind::Id, ids[0].into(), vec![ids[2].into()], false),
            (ValueKind::Id, ids[0].into(), vec![], false),
            (ValueKind::Text, "a\"b".into(), vec!["a".into(), "a\"b".into()], true),
            (ValueKind::Int, 7.into(), vec![5.into(), 6.into()], false),
        ];
        for (kind, value, values, is_there) in cases {
            let list = Expr::val(list(dialect, kind, values));
            let question = Query::select()
                .expr_as(is_one_of(dialect, Expr::val(value), kind, list), "holds")
                .take();
            let answer: Vec<Answer> = fetch_all(database.database.read(), &question).await.unwrap();
            assert_eq!(answer, [Answer { holds: is_there }]);
        }
        database.close().await;
    }
}

#[test]
fn portions_keep_all_rows_in_their_order() {
    let those = some();
    for most in [1, 3, 8, usize::MAX] {
        let portions: Vec<Rows> = rows(&those).portions(most).collect();
        assert_eq!(portions.len(), those.len().div_ceil(most));
        let cells: Vec<Value> = portions.into_iter().flat_map(|rows| rows.cells).collect();
        assert_eq!(cells, rows(&those).cells);
    }
    assert_eq!(Rows::new(&COLUMNS).portions(1).count(), 0);
}
