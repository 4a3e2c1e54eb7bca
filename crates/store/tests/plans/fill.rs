//! A database in which much is stored, put there by one statement for each table.

use events::Timestamp;
use store::Dialect;
use store::testing::TestDatabase;
use uuid::Uuid;

/// What is done in the stories happens then.
pub(crate) const NOW: i64 = 1_800_000_000_000;
/// What is stored came then, and before.
const STORED: i64 = 1_799_999_000_000;

/// What an id is of.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Organization = 1,
    Directory = 2,
    User = 3,
    Group = 4,
    Event = 5,
    Endpoint = 6,
    Delivery = 7,
    Attempt = 8,
    Key = 9,
    Client = 10,
    AdminKey = 11,
    Command = 12,
    Request = 13,
    Cycle = 14,
    Audit = 15,
    Link = 16,
    Letter = 17,
    Mail = 18,
    Connection = 19,
    SsoClient = 20,
    SsoLogin = 21,
    SsoSession = 22,
    GraphObject = 23,
    GraphGroup = 24,
    GraphCredential = 25,
    GraphRound = 26,
    GraphSubscription = 27,
    GraphDrift = 28,
}

/// People of the small directory have numbers from here on; those of the large one count from 0.
pub(crate) const SMALL: u64 = 1_000_000;
/// How many there are of people, groups and events in the small directory.
pub(crate) const FEW: u64 = 100;

pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(NOW)
}

/// The id of the `n`th of its kind.
pub(crate) fn id<T: From<Uuid>>(kind: Kind, n: u64) -> T {
    let high = 0x018b_cfe5_6800_7000 + kind as u64;
    T::from(Uuid::from_u64_pair(high, (0x8000 << 48) | n))
}

struct Sql {
    dialect: Dialect,
    /// How many people, events and deliveries there are.
    many: u64,
}

impl Sql {
    /// The id of number `n`, an expression.
    fn id(&self, kind: Kind, n: &str) -> String {
        let kind = kind as u8;
        match self.dialect {
            Dialect::Postgres => format!("('018bcfe5-6800-7{kind:03x}-8000-' || lpad(to_hex({n}), 12, '0'))::uuid"),
            Dialect::Sqlite => format!("unhex('018bcfe568007{kind:03x}8000' || printf('%012x', {n}))"),
        }
    }

    /// A row set `g` of the numbers `n` from one to before another.
    fn numbers(&self, from: u64, to: u64) -> String {
        let last = to - 1;
        match self.dialect {
            Dialect::Postgres => format!("generate_series({from}::bigint, {last}::bigint) AS g(n)"),
            Dialect::Sqlite => format!(
                "(WITH RECURSIVE c(n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM c WHERE n < {last}) \
                 SELECT n FROM c) AS g"
            ),
        }
    }

    fn json(&self, text: &str) -> String {
        match self.dialect {
            Dialect::Postgres => format!("({text})::jsonb"),
            Dialect::Sqlite => format!("({text})"),
        }
    }

    fn people(&self, tables: [&str; 2], directory: u64, from: u64, count: u64) -> Vec<String> {
        let (user, directory) = (
            self.id(Kind::User, "g.n"),
            self.id(Kind::Directory, &directory.to_string()),
        );
        let (numbers, name) = (self.numbers(from, from + count), "'u' || g.n");
        let resource = "'{\"userName\":\"u' || g.n || '\",\"displayName\":\"u' || g.n || '\",\"active\":true}'";
        let [users, emails] = tables;
        vec![
            format!(
                "INSERT INTO {users} (id, directory_id, user_name, user_name_key, external_id, display_name, \
                 display_name_key, email, active, manager_id, resource, search, version, created_at, updated_at) \
                 SELECT {user}, {directory}, {name}, {name}, {name}, {name}, {name}, {name}, {active}, NULL, {resource}, \
                 {search}, 1, {STORED} + g.n, {STORED} + g.n FROM {numbers}",
                active = if self.dialect == Dialect::Postgres { "true" } else { "1" },
                search = self.json(resource)
            ),
            format!(
                "INSERT INTO {emails} (directory_id, value_key, user_id) SELECT {directory}, {name}, {user} FROM {numbers}"
            ),
        ]
    }

    /// Groups, the first of which has half of the people, and each other one of them.
    fn groups(&self, tables: [&str; 2], directory: u64, from: u64, people: u64) -> Vec<String> {
        let (group, directory) = (
            self.id(Kind::Group, "g.n"),
            self.id(Kind::Directory, &directory.to_string()),
        );
        let (numbers, name) = (self.numbers(from, from + FEW), "'g' || g.n");
        let resource = "'{\"displayName\":\"g' || g.n || '\"}'";
        let [groups, members] = tables;
        let (first, user) = (self.id(Kind::Group, &from.to_string()), self.id(Kind::User, "g.n"));
        let member = format!("INSERT INTO {members} (directory_id, group_id, member_id, kind, added_at)");
        vec![
            format!(
                "INSERT INTO {groups} (id, directory_id, display_name, display_name_key, external_id, resource, search, \
                 version, created_at, updated_at) SELECT {group}, {directory}, {name}, {name}, {name}, {resource}, {}, 1, \
                 {STORED} + g.n, {STORED} + g.n FROM {numbers}",
                self.json(resource)
            ),
            format!(
                "{member} SELECT {directory}, {first}, {user}, 0, {STORED} FROM {}",
                self.numbers(from, from + people / 2)
            ),
            format!(
                "{member} SELECT {directory}, {group}, {user}, 0, {STORED} FROM {}",
                self.numbers(from + 1, from + FEW)
            ),
        ]
    }

    /// The log of a directory; every hundredth event tells that somebody is gone.
    fn log(&self, directory: u64, from: u64, count: u64) -> Vec<String> {
        let (event, subject) = (self.id(Kind::Event, "g.n"), self.id(Kind::User, "g.n"));
        let number = directory;
        let (directory, organization) = (
            self.id(Kind::Directory, &number.to_string()),
            self.id(Kind::Organization, &number.to_string()),
        );
        vec![
            format!(
                "INSERT INTO events (id, directory_id, organization_id, sequence, type, subject_id, body, traceparent, \
                 created_at) SELECT {event}, {directory}, {organization}, g.n - {from} + 1, \
                 CASE WHEN g.n % 100 = 50 THEN 'user.deleted' ELSE 'user.updated' END, {subject}, \
                 '{{\"data\":{{\"user\":{{}}}}}}', NULL, {STORED} FROM {}",
                self.numbers(from, from + count)
            ),
            format!("UPDATE sequences SET last = {count} WHERE directory_id = {directory}"),
            // A few are not on the bus.
            format!(
                "UPDATE publications SET sequence = {1} WHERE directory_id = {0}",
                directory,
                count - 5
            ),
        ]
    }

    fn tenants(&self) -> Vec<String> {
        let (organization, directory) = (self.id(Kind::Organization, "g.n"), self.id(Kind::Directory, "g.n"));
        let (key, client, admin) = (
            self.id(Kind::Key, "g.n"),
            self.id(Kind::Client, "g.n"),
            self.id(Kind::AdminKey, "g.n"),
        );
        let hash = match self.dialect {
            Dialect::Postgres => "decode(repeat('00', 32), 'hex')",
            Dialect::Sqlite => "zeroblob(32)",
        };
        let (all, command) = (self.numbers(0, self.many), self.id(Kind::Command, "g.n"));
        let tenants = self.numbers(0, self.many / 20);
        vec![
            format!(
                "INSERT INTO organizations (id, name, created_at, updated_at) SELECT {organization}, 'o', 1, 1 FROM {tenants}"
            ),
            format!(
                "INSERT INTO organization_domains (domain, organization_id, position) SELECT 'd' || g.n || '.example', {organization}, 0 FROM {tenants}"
            ),
            format!(
                "INSERT INTO directories (id, organization_id, name, provider, created_at, updated_at) \
                 SELECT {directory}, {organization}, 'd', 'entra_id', 1, 1 FROM {tenants}"
            ),
            format!("INSERT INTO sequences (directory_id, lane, last) SELECT {directory}, 0, 0 FROM {tenants}"),
            format!("INSERT INTO directory_counts (directory_id) SELECT {directory} FROM {tenants}"),
            format!("INSERT INTO publications (directory_id, sequence) SELECT {directory}, 0 FROM {tenants}"),
            format!(
                "INSERT INTO directory_keys (id, directory_id, name, token_hash, created_at) \
                 SELECT {key}, {}, 'k', {hash}, 1 FROM {all}",
                self.id(Kind::Directory, &format!("(g.n % {})", self.many / 20))
            ),
            format!(
                "INSERT INTO oauth_clients (id, directory_id, name, secret_hash, created_at) \
                 SELECT {client}, {directory}, 'c', {hash}, 1 FROM {tenants}"
            ),
            format!(
                "INSERT INTO admin_keys (id, name, token_hash, created_at) SELECT {admin}, 'a', {hash}, 1 FROM {tenants}"
            ),
            format!(
                "INSERT INTO portal_links (id, organization_id, features, token_hash, expires_at, created_at) \
                 SELECT {}, {organization}, 'sso', {hash}, {NOW}, {STORED} FROM {tenants}",
                self.id(Kind::Link, "g.n")
            ),
            format!(
                "INSERT INTO connections (id, organization_id, directory_id, name, state, slug, authority, client_id, \
                 user_name_claim, credential, assertion_form, allows_guests, test_accounts, created_at, updated_at) \
                 SELECT {}, {organization}, {directory}, 'c', 'active', 's' || g.n, 'a', 'c', 'upn', 'none', 'ps256', {}, '[]', \
                 {STORED}, {STORED} FROM {tenants}",
                self.id(Kind::Connection, "g.n"),
                if self.dialect == Dialect::Postgres {
                    "false"
                } else {
                    "0"
                },
            ),
            format!(
                "INSERT INTO sso_clients (id, organization_id, name, authentication, redirect_uris, post_logout_redirect_uris, \
                 created_at, updated_at) SELECT {}, {organization}, 'a', 'none', '[]', '[]', {STORED}, {STORED} FROM {tenants}",
                self.id(Kind::SsoClient, "g.n"),
            ),
            format!(
                "INSERT INTO sso_logins (id, state_hash, browser_hash, connection_id, redirect_uri, client_state, scope, channel, \
                 created_at, expires_at) SELECT {}, {hash}, {hash}, {}, 'r', 's', 'openid', 'app', {NOW}, {NOW} + 600000 + g.n \
                 FROM {all}",
                self.id(Kind::SsoLogin, "g.n"),
                self.id(Kind::Connection, "(g.n % 10)"),
            ),
            format!(
                "INSERT INTO sso_bindings (connection_id, subject, user_id, created_at, last_login_at) \
                 SELECT {}, 'x' || g.n, {}, {STORED}, {STORED} FROM {all}",
                self.id(Kind::Connection, "(g.n % 10)"),
                self.id(Kind::User, "g.n"),
            ),
            format!(
                "INSERT INTO sso_sessions (id, connection_id, client_id, organization_id, directory_id, user_id, subject, \
                 channel, scope, code_hash, redirect_uri, code_expires_at, refresh_generation, created_at, expires_at) \
                 SELECT {}, {}, {}, {}, {}, {}, 'x' || g.n, 'app', 'openid', {hash}, 'r', {NOW}, 0, {NOW}, {NOW} + 600000 + g.n \
                 FROM {all}",
                self.id(Kind::SsoSession, "g.n"),
                self.id(Kind::Connection, "(g.n % 10)"),
                self.id(Kind::SsoClient, "(g.n % 10)"),
                self.id(Kind::Organization, "(g.n % 10)"),
                self.id(Kind::Directory, "(g.n % 10)"),
                self.id(Kind::User, "g.n"),
            ),
            format!(
                "INSERT INTO sso_client_people (user_id, client_id, directory_id, scope, since) \
                 SELECT {}, {}, {}, 'openid', {NOW} FROM {all}",
                self.id(Kind::User, "g.n"),
                self.id(Kind::SsoClient, "(g.n % 10)"),
                self.id(Kind::Directory, "(g.n % 10)"),
            ),
            format!(
                "INSERT INTO audit_log (id, actor_kind, actor_id, action, organization_id, directory_id, after, created_at) \
                 SELECT {}, 'key', {}, 'directory.updated', {}, {}, '{{}}', {STORED} FROM {all}",
                self.id(Kind::Audit, "g.n"),
                self.id(Kind::AdminKey, "(g.n % 10)"),
                self.id(Kind::Organization, "(g.n % 2)"),
                self.id(Kind::Directory, "(g.n % 4)")
            ),
            format!(
                "INSERT INTO credentials (kind, id, organization_id, directory_id, ends_at, next_notice_at) \
                 SELECT 'directory_key', {key}, {}, {}, {NOW} + g.n, {NOW} + g.n FROM {all}",
                self.id(Kind::Organization, "(g.n % 4)"),
                self.id(Kind::Directory, "(g.n % 4)"),
            ),
            format!(
                "INSERT INTO incidents (kind, subject_id, organization_id, name, since, told, opened_at, closed_at) \
                 SELECT 'credential_ending', {}, {}, 'k', {STORED}, {}, {STORED}, {STORED} FROM {all}",
                self.id(Kind::Key, "(g.n + 500000)"),
                self.id(Kind::Organization, "(g.n % 4)"),
                if self.dialect == Dialect::Postgres { "true" } else { "1" },
            ),
            format!(
                "INSERT INTO mails (id, queue, recipient, content, tries, next_at, created_at, sent_at) SELECT {}, 'operators', 'a', \
                 '{{}}', 1, CASE WHEN g.n % 200 = 0 THEN {STORED} ELSE NULL END, {STORED}, {STORED} FROM {all}",
                self.id(Kind::Mail, "g.n"),
            ),
            format!("INSERT INTO credentials (kind, id, ends_at) SELECT 'previous_secret', {key}, {STORED} FROM {all}"),
            format!(
                "INSERT INTO dead_letters (id, kind, message_id, queue, lane, directory_id, resource_id, reason, times, body, \
                 parked_at) \
                 SELECT {}, CASE WHEN g.n % 51 = 0 THEN 'group_command' ELSE 'user_command' END, 'm' || g.n, 'q', 0, {}, {}, \
                 'hopeless', 1, {hash}, {STORED} FROM {all}",
                self.id(Kind::Letter, "g.n"),
                self.id(Kind::Directory, "(g.n % 4)"),
                self.id(Kind::User, "g.n")
            ),
            format!(
                "INSERT INTO idempotency_keys (key, request_hash, status, body, created_at) \
                 SELECT 'i' || g.n, 'h', 200, '', {NOW} FROM {all}"
            ),
            format!(
                "INSERT INTO inbox (command_id, status, result, created_at) SELECT {command}, 204, NULL, {NOW} FROM {all}"
            ),
            format!(
                "INSERT INTO directory_removals (directory_id, minute, removed) SELECT {directory}, {NOW} / 60000, 1 FROM {tenants}"
            ),
        ]
    }

    /// All directories are pulled and due. Of the tenant of the large one everybody is known, and a hundred groups, of which
    /// the first has half of them; each hundredth is left out, or waits for something.
    fn graph(&self) -> Vec<String> {
        let (directory, organization) = (self.id(Kind::Directory, "g.n"), self.id(Kind::Organization, "g.n"));
        let (large, person) = (self.id(Kind::Directory, "0"), self.id(Kind::GraphObject, "g.n"));
        let [yes, no] = match self.dialect {
            Dialect::Postgres => ["true", "false"],
            Dialect::Sqlite => ["1", "0"],
        };
        let hash = match self.dialect {
            Dialect::Postgres => "decode(repeat('00', 32), 'hex')",
            Dialect::Sqlite => "zeroblob(32)",
        };
        let but_each_hundredth = format!("CASE WHEN g.n % 100 = 50 THEN {no} ELSE {yes} END");
        let all = self.numbers(0, self.many);
        let members = |group: &str, numbers: &str| {
            format!(
                "INSERT INTO graph_members (directory_id, group_object_id, member_object_id, member_kind, round, is_member, \
                 is_applied) SELECT {large}, {group}, {person}, 0, 1, {yes}, {but_each_hundredth} FROM {numbers}"
            )
        };
        vec![
            format!(
                "INSERT INTO graph_pulls (directory_id, organization_id, state, mode, cloud, settings, generation, due_at, \
                 epoch, failures, created_at, updated_at) SELECT {directory}, {organization}, 'active', 'pull', 'global', \
                 '{{}}', 1, {STORED} + g.n, 0, 0, {STORED}, {STORED} FROM {}",
                self.numbers(0, self.many / 20)
            ),
            format!(
                "INSERT INTO graph_credentials (id, directory_id, kind, state, hint, assertion_form, created_at) \
                 SELECT {}, {directory}, 'secret', 'active', 'h', 'ps256', {STORED} FROM {}",
                self.id(Kind::GraphCredential, "g.n"),
                self.numbers(2, self.many / 20)
            ),
            format!(
                "INSERT INTO graph_objects (directory_id, object_id, kind, resource_id, round, skipped, manager_object_id, \
                 is_manager_applied) SELECT {large}, {person}, 0, {}, 1, CASE WHEN g.n % 100 = 10 THEN 'guest' END, {}, \
                 {but_each_hundredth} FROM {all}",
                self.id(Kind::User, "g.n"),
                self.id(Kind::GraphObject, "(g.n % 10)"),
            ),
            format!(
                "INSERT INTO graph_objects (directory_id, object_id, kind, resource_id, round, is_manager_applied) \
                 SELECT {large}, {}, 1, {}, 1, {yes} FROM {}",
                self.id(Kind::GraphGroup, "g.n"),
                self.id(Kind::Group, "g.n"),
                self.numbers(0, FEW)
            ),
            members(&self.id(Kind::GraphGroup, "0"), &self.numbers(0, self.many / 2)),
            members(&self.id(Kind::GraphGroup, "1 + g.n % 90"), &all),
            format!(
                "INSERT INTO graph_rounds (id, directory_id, is_full, began_at, ended_at, outcome, counts) \
                 SELECT {}, {large}, {no}, {STORED}, {STORED}, 'good', '{{}}' FROM {all}",
                self.id(Kind::GraphRound, "g.n"),
            ),
            format!(
                "INSERT INTO graph_drift (id, directory_id, kind, difference, object_id, fields, found_at) \
                 SELECT {}, {large}, 0, 'missing', {person}, '[]', {STORED} FROM {all}",
                self.id(Kind::GraphDrift, "g.n"),
            ),
            format!(
                "INSERT INTO graph_subscriptions (id, directory_id, collection, subscription_id, state_hash, expires_at, \
                 renew_at) SELECT {}, {directory}, 'groups', {}, {hash}, {STORED}, {STORED} FROM {}",
                self.id(Kind::GraphSubscription, "g.n"),
                self.id(Kind::GraphSubscription, "g.n"),
                self.numbers(0, self.many / 20)
            ),
        ]
    }

    /// The requests of the large directory, ten of a cycle, and that all others were in contact.
    fn requests(&self) -> Vec<String> {
        let (request, cycle) = (self.id(Kind::Request, "g.n"), self.id(Kind::Cycle, "g.n"));
        let (large, directory) = (self.id(Kind::Directory, "0"), self.id(Kind::Directory, "g.n"));
        let no = if self.dialect == Dialect::Postgres {
            "false"
        } else {
            "0"
        };
        vec![
            format!(
                "INSERT INTO request_log (id, directory_id, cycle_id, at, method, path, status, duration_us, leniencies, \
                 left_out, request_cut, response_cut, bytes) SELECT {request}, {large}, {}, {STORED}, 'GET', '/Users', 200, 1, \
                 '[]', '[]', {no}, {no}, 300 FROM {}",
                self.id(Kind::Cycle, "(g.n / 10)"),
                self.numbers(0, self.many)
            ),
            format!(
                "INSERT INTO sync_cycles (id, directory_id, kind, started_at, last_at, over_at, counts, closed_at) \
                 SELECT {cycle}, {large}, 'incremental', {STORED}, {STORED}, {STORED}, '{{}}', {STORED} FROM {}",
                self.numbers(0, self.many)
            ),
            format!(
                "INSERT INTO directory_contacts (directory_id, last_at, silent_at, strangers, log_rows, log_bytes) \
                 SELECT {directory}, {STORED}, {NOW} + 1000000, 0, 0, 0 FROM {}",
                self.numbers(0, self.many / 20)
            ),
        ]
    }

    /// Endpoint 0 is done with most of the log of the large directory; 1 is ordered, coalesces and waits; 2 is switched
    /// off; 3 gets the past; the others have nothing; 9 is ordered.
    fn webhooks(&self) -> Vec<String> {
        let endpoint = self.id(Kind::Endpoint, "g.n");
        let flag = |condition: &str| match self.dialect {
            Dialect::Postgres => format!("({condition})"),
            Dialect::Sqlite => format!("CASE WHEN {condition} THEN 1 ELSE 0 END"),
        };
        let secret = match self.dialect {
            Dialect::Postgres => "decode('00', 'hex')",
            Dialect::Sqlite => "zeroblob(1)",
        };
        let delivery = |first: u64| self.id(Kind::Delivery, &format!("(g.n + {first})"));
        let of = |endpoint: u64| self.id(Kind::Endpoint, &endpoint.to_string());
        let (event, directory) = (self.id(Kind::Event, "g.n"), self.id(Kind::Directory, "0"));
        let subject = self.id(Kind::User, "(g.n % 5)");
        let deliveries = |endpoint: u64, state: &str, next: &str| {
            format!(
                "INSERT INTO deliveries (id, endpoint_id, event_id, directory_id, subject_id, sequence, event_type, state, \
                 attempts, next_at, created_at, updated_at, response_head) SELECT {}, {}, {event}, {directory}, {subject}, \
                 g.n + 1, 'user.updated', '{state}', 0, {next}, {STORED}, {STORED}, 'x' FROM {}",
                delivery(endpoint * 1_000_000),
                of(endpoint),
                self.numbers(0, self.many)
            )
        };
        vec![
            format!(
                "INSERT INTO endpoints (id, url, sealed_secret, ordered, coalesce_updates, state, catching_up, created_at, \
                 updated_at) SELECT {endpoint}, 'https://example.com/', {secret}, {}, {}, \
                 CASE WHEN g.n = 2 THEN 'disabled' ELSE 'enabled' END, {}, {STORED}, {STORED} FROM {}",
                flag("g.n = 1 OR g.n = 9"),
                flag("g.n = 1"),
                flag("g.n = 3"),
                self.numbers(0, 10)
            ),
            deliveries(0, "delivered", "0"),
            // Five people wait in line, each behind its first event.
            deliveries(
                1,
                "pending",
                &format!("CASE WHEN g.n < 5 THEN {STORED} ELSE 9223372036854775807 END"),
            ),
            deliveries(2, "held", "0"),
            deliveries(4, "pending", "9000000000000000"),
            format!(
                "INSERT INTO attempts (id, delivery_id, endpoint_id, number, started_at, duration_ms, response_head) \
                 SELECT {}, {}, {}, 1, {STORED}, 5, 'x' FROM {}",
                self.id(Kind::Attempt, "g.n"),
                delivery(0),
                of(0),
                self.numbers(0, self.many)
            ),
            format!(
                "INSERT INTO delivery_bodies (delivery_id, directory_id, body) SELECT {}, {directory}, '{{}}' FROM {}",
                delivery(0),
                self.numbers(0, self.many)
            ),
            format!(
                "INSERT INTO catch_ups (endpoint_id, directory_id, phase, updated_at) SELECT {}, {}, \
                 CASE WHEN g.n < 2 THEN 'log' ELSE 'done' END, {STORED} FROM {}",
                of(3),
                self.id(Kind::Directory, "g.n"),
                self.numbers(0, self.many / 20)
            ),
            format!(
                "INSERT INTO erasures (directory_id, user_id, due_at, created_at) SELECT {directory}, {}, NULL, {STORED} FROM {}",
                self.id(Kind::User, "(g.n + 500000)"),
                self.numbers(0, self.many)
            ),
        ]
    }
}

/// Fills a database: `many` people, events and deliveries, and [`FEW`] in a directory beside.
pub(crate) async fn fill(database: &TestDatabase, many: u64) {
    let sql = Sql {
        dialect: database.store.dialect(),
        many,
    };
    let mut statements = sql.tenants();
    statements.extend(sql.people(["users", "user_emails"], 0, 0, many));
    statements.extend(sql.people(["users", "user_emails"], 1, SMALL, FEW));
    statements.extend(sql.people(["users_base", "user_emails_base"], 0, 0, many));
    statements.extend(sql.groups(["groups", "group_members"], 0, 0, many));
    statements.extend(sql.groups(["groups", "group_members"], 1, SMALL, FEW));
    statements.extend(sql.groups(["groups_base", "group_members_base"], 0, 0, many));
    statements.extend(sql.log(0, 0, many));
    statements.extend(sql.log(1, SMALL, FEW));
    statements.extend(sql.webhooks());
    statements.extend(sql.requests());
    statements.extend(sql.graph());
    let counts = |directory: u64, people: u64| {
        format!(
            "UPDATE directory_counts SET users = {people}, active_users = {people}, groups = {FEW} WHERE directory_id = {}",
            sql.id(Kind::Directory, &directory.to_string())
        )
    };
    statements.extend([counts(0, many), counts(1, FEW)]);
    for statement in statements {
        // All at once takes longer than a statement of the program may.
        let patience = match sql.dialect {
            Dialect::Postgres => "SET statement_timeout = 0; ",
            Dialect::Sqlite => "",
        };
        database.execute(&format!("{patience}{statement}")).await;
    }
}
