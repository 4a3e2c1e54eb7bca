//! Directories filled past all queues, by one statement for each table.

use scim::schema::ResourceType;
use serde_json::Value;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection as _};
use system::{System, Tenant};
use uuid::Uuid;

/// The high bits of every filled person's id: of version 7, as ids that Rollcall gives.
const IDS: u128 = 0x018b_cfe5_6800_7000_8000_0000_0000_0000;
/// Milliseconds: when the first of them came.
const SINCE: i64 = 1_700_000_000_000;
/// Stands for the number of the person in the templates.
const NUMBER: &str = "000000000000";

/// The id of the person with this number.
pub(crate) const fn id(number: usize) -> Uuid {
    Uuid::from_u128(IDS | number as u128)
}

/// The `userName` of the person with this number.
pub(crate) fn user_name(number: usize) -> String {
    format!("filled{number:012}@contoso.example")
}

/// What differs between the two databases; `n` is the number of the person.
struct Dialect {
    /// `n` as 12 decimal digits.
    digits: &'static str,
    /// The id of `n`.
    id: String,
    /// The last part of the id of `n` as text.
    digits_of_id: &'static str,
    /// Every `n` below `$2`.
    numbers: &'static str,
    /// The type of the column `search`.
    json: &'static str,
    /// Gathers statistics, as happens by itself some time after a bulk load.
    settle: &'static str,
}

impl Dialect {
    fn of(url: &str) -> Self {
        let prefix = &format!("{IDS:032x}")[..20];
        if url.starts_with("sqlite:") {
            return Self {
                digits: "printf('%012d', n)",
                id: format!("unhex('{prefix}' || printf('%012x', n))"),
                digits_of_id: "printf('%012x', n)",
                numbers: "(WITH RECURSIVE count(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM count WHERE n + 1 < $2) \
                          SELECT n FROM count) AS numbers",
                json: "",
                settle: "ANALYZE",
            };
        }
        Self {
            digits: "lpad(n::text, 12, '0')",
            id: format!("('{prefix}' || lpad(to_hex(n), 12, '0'))::uuid"),
            digits_of_id: "lpad(to_hex(n), 12, '0')",
            numbers: "generate_series(0, $2 - 1) AS numbers(n)",
            json: "::jsonb",
            settle: "VACUUM ANALYZE",
        }
    }

    fn users(&self) -> String {
        let Self {
            digits,
            id,
            numbers,
            json,
            ..
        } = self;
        let person = |text: &str| format!("replace({text}, '{NUMBER}', {digits})");
        let (name, external) = (person("$3"), person("$4"));
        let (resource, search) = (person("$5"), person("$6"));
        format!(
            "INSERT INTO users (id, directory_id, user_name, user_name_key, external_id, display_name, \
             display_name_key, email, active, manager_id, resource, search, version, created_at, updated_at) \
             SELECT {id}, $1, {name}, {name}, {external}, {name}, {name}, {name}, true, NULL, {resource}, \
             {search}{json}, 1, {SINCE} + n, {SINCE} + n FROM {numbers}"
        )
    }

    fn emails(&self) -> String {
        let Self {
            digits, id, numbers, ..
        } = self;
        format!(
            "INSERT INTO user_emails (directory_id, value_key, user_id) \
             SELECT $1, replace($3, '{NUMBER}', {digits}), {id} FROM {numbers}"
        )
    }

    /// What the projector keeps beside the rows that it writes.
    const COUNTS: &str = "UPDATE directory_counts SET users = users + $2, active_users = active_users + $2 \
                          WHERE directory_id = $1";

    fn bindings(&self) -> String {
        let Self {
            id,
            numbers,
            digits_of_id,
            ..
        } = self;
        format!(
            "INSERT INTO sso_bindings (connection_id, subject, user_id, created_at, last_login_at) \
             SELECT $1, $3 || {digits_of_id}, {id}, {SINCE}, {SINCE} FROM {numbers}"
        )
    }

    fn members(&self) -> String {
        let Self { id, numbers, .. } = self;
        format!(
            "INSERT INTO group_members (directory_id, group_id, member_id, kind, added_at) \
             SELECT $1, $3, {id}, 0, {SINCE} FROM {numbers}"
        )
    }
}

/// A value for a placeholder.
#[derive(Clone)]
enum Argument {
    Id(Uuid),
    Count(i64),
    Text(String),
}

/// Runs statements one after the other, each with its arguments.
async fn run(url: &str, statements: Vec<(String, Vec<Argument>)>) {
    macro_rules! run_on {
        ($connection:ty) => {{
            let mut connection = <$connection>::connect(url).await.unwrap();
            for (sql, arguments) in statements {
                // Safe: made of constants above.
                let mut query = sqlx::query(AssertSqlSafe(sql));
                for argument in arguments {
                    query = match argument {
                        Argument::Id(id) => query.bind(id),
                        Argument::Count(count) => query.bind(count),
                        Argument::Text(text) => query.bind(text),
                    };
                }
                query.execute(&mut connection).await.unwrap();
            }
            connection.close().await.unwrap();
        }};
    }
    if url.starts_with("sqlite:") {
        run_on!(SqliteConnection);
    } else {
        run_on!(PgConnection);
    }
}

/// Puts so many people into an empty directory; their numbers count from 0.
pub(crate) async fn people(system: &System, tenant: &Tenant, count: usize) {
    let url = &system.database.url;
    let dialect = Dialect::of(url);
    let name = user_name(0);
    let Value::Object(mut attributes) = system::scim::user(&name) else {
        unreachable!("a user is an object")
    };
    for unstored in ["schemas", "meta", "roles"] {
        attributes.shift_remove(unstored);
    }
    let search = scim::resource::search_document(ResourceType::user(), &attributes);
    let external = attributes["externalId"].as_str().unwrap().to_owned();
    let [resource, search] = [&attributes, &search].map(|object| serde_json::to_string(object).unwrap());
    let directory = Argument::Id(tenant.directory_id.parse::<events::DirectoryId>().unwrap().uuid());
    let common = vec![
        directory,
        Argument::Count(i64::try_from(count).unwrap()),
        Argument::Text(name),
    ];
    let rest = [external, resource, search].map(Argument::Text);
    let statements = vec![
        (dialect.users(), [common.as_slice(), &rest].concat()),
        (dialect.emails(), common.clone()),
        (Dialect::COUNTS.to_owned(), common[..2].to_vec()),
        (dialect.settle.to_owned(), Vec::new()),
    ];
    run(url, statements).await;
}

/// Binds the first so many people of the directory to accounts of a tenant, whose object ids are the people's own.
pub(crate) async fn bindings(system: &System, connection: &str, tenant: Uuid, count: usize) {
    let url = &system.database.url;
    let dialect = Dialect::of(url);
    let first = id(0).to_string();
    let (same, _) = first.rsplit_once('-').unwrap();
    let arguments = vec![
        Argument::Id(connection.parse().unwrap()),
        Argument::Count(i64::try_from(count).unwrap()),
        Argument::Text(format!("{tenant}.{same}-")),
    ];
    let statements = vec![(dialect.bindings(), arguments), (dialect.settle.to_owned(), Vec::new())];
    run(url, statements).await;
}

/// Makes the first so many people of the directory members of a group.
pub(crate) async fn members(system: &System, tenant: &Tenant, group: &str, count: usize) {
    let url = &system.database.url;
    let dialect = Dialect::of(url);
    let arguments = vec![
        Argument::Id(tenant.directory_id.parse::<events::DirectoryId>().unwrap().uuid()),
        Argument::Count(i64::try_from(count).unwrap()),
        Argument::Id(group.parse().unwrap()),
    ];
    let statements = vec![(dialect.members(), arguments), (dialect.settle.to_owned(), Vec::new())];
    run(url, statements).await;
}
