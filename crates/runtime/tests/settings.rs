//! What wins, what is refused, and what is never shown.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use clap::Parser;
use runtime::{Flags, Origin, Settings, SettingsError, SettingsFile};
use secrecy::ExposeSecret;

const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Subcommand)]
enum Command {
    Serve,
}

fn flags(arguments: &[&str]) -> Flags {
    Program::try_parse_from([&["program"], arguments].concat())
        .unwrap()
        .flags
}

fn file(text: &str) -> SettingsFile {
    SettingsFile {
        path: "rollcall.toml".into(),
        text: text.into(),
    }
}

fn load(arguments: &[&str], environment: &[(&str, &str)], toml: &str) -> Result<Settings, SettingsError> {
    let lookup = |name: &str| {
        environment
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned())
    };
    Settings::load(&flags(arguments), lookup, Some(&file(toml)))
}

#[test]
fn with_nothing_set_the_documented_defaults_hold() {
    let settings = load(&[], &[], "").unwrap();
    assert_eq!(
        settings.database_url().expose_secret(),
        "sqlite://./rollcall-data/rollcall.db"
    );
    assert_eq!(settings.bus_url.expose_secret(), "embedded:");
    assert_eq!(settings.listen, "127.0.0.1:8080");
    assert_eq!(settings.partitions.get(), 1);
    assert!(!settings.webhook_allow_private);
    assert!(settings.webhook_allow_cidrs.is_empty() && settings.webhook_ports.is_empty());
    assert!(settings.trace_parent_cidrs.is_empty(), "nobody's trace is continued");
    let days = [
        settings.delivery_retention,
        settings.attempt_retention,
        settings.response_retention,
        settings.audit_retention,
    ];
    assert_eq!(days.map(|time| time.as_secs() / 86_400), [90, 30, 7, 400]);
    assert!(settings.master_key.is_none() && settings.admin_key.is_none() && settings.public_url.is_none());
    assert!(settings.database_is_sqlite() && settings.bus_is_embedded());
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let toml = "listen = '127.0.0.1:1'\npartitions = 4\nwebhook_allow_private = true\n";
    let environment = [("ROLLCALL_LISTEN", "127.0.0.1:2"), ("ROLLCALL_PARTITIONS", "5")];
    let settings = load(&["--listen", "127.0.0.1:3"], &environment, toml).unwrap();
    assert_eq!(settings.listen, "127.0.0.1:3");
    assert_eq!(settings.origin("listen"), Origin::Flag("--listen".into()));
    assert_eq!(settings.partitions.get(), 5);
    assert_eq!(
        settings.origin("partitions"),
        Origin::Environment("ROLLCALL_PARTITIONS".into())
    );
    assert!(settings.webhook_allow_private);
    assert_eq!(
        settings.origin("webhook_allow_private"),
        Origin::File("rollcall.toml".into())
    );
    assert_eq!(settings.origin("data_dir"), Origin::Default);
}

#[test]
fn flags_are_accepted_before_and_after_a_subcommand() {
    for arguments in [["--partitions", "3", "serve"], ["serve", "--partitions", "3"]] {
        let program = Program::try_parse_from([&["program"][..], &arguments].concat()).unwrap();
        assert!(matches!(program.command, Some(Command::Serve)));
        assert_eq!(program.flags.get("partitions"), Some("3"));
    }
    assert!(
        load(&["--webhook-allow-private", "serve"], &[], "")
            .unwrap()
            .webhook_allow_private
    );
    assert!(
        !load(&["--webhook-allow-private=false"], &[], "")
            .unwrap()
            .webhook_allow_private
    );
}

#[test]
fn networks_and_ports_are_lists() {
    let environment = [
        ("ROLLCALL_WEBHOOK_ALLOW_CIDRS", "10.20.0.0/16, fd12::/32"),
        ("ROLLCALL_WEBHOOK_PORTS", "443, 8000-8999"),
        ("ROLLCALL_TRACE_PARENT_CIDRS", "127.0.0.0/8, ::1/128"),
    ];
    let settings = load(&[], &environment, "").unwrap();
    let networks: Vec<_> = settings.webhook_allow_cidrs.iter().map(ToString::to_string).collect();
    assert_eq!(networks, ["10.20.0.0/16", "fd12::/32"]);
    assert_eq!(settings.webhook_ports, [443..=443, 8_000..=8_999]);
    assert_eq!(settings.trace_parent_cidrs.len(), 2);
    let shown = settings.describe();
    assert!(
        shown.contains("10.20.0.0/16,fd12::/32") && shown.contains("443,8000-8999") && shown.contains("::1/128"),
        "{shown}"
    );
}

#[test]
fn the_mail_server_needs_a_sender_and_its_password_is_not_shown() {
    let url = ("ROLLCALL_SMTP_URL", "smtps://ops:s3cret@mail.example");
    let error = load(&[], &[url], "").unwrap_err().to_string();
    assert_eq!(error, "mail_from must be set where smtp_url is");
    let from = ("ROLLCALL_MAIL_FROM", "Rollcall <rollcall@example.com>");
    let operators = ("ROLLCALL_MAIL_OPERATORS", "a@x.example, b@x.example");
    let settings = load(&[], &[url, from, operators], "").unwrap();
    assert_eq!(settings.mail_operators, ["a@x.example", "b@x.example"]);
    let shown = settings.describe();
    assert!(shown.contains("mail.example") && !shown.contains("s3cret"), "{shown}");
    for (name, value, said) in [
        (
            "ROLLCALL_SMTP_URL",
            "https://ops:s3cret@mail.example",
            "smtps://host:port",
        ),
        ("ROLLCALL_MAIL_FROM", "nobody", "e-mail address"),
        ("ROLLCALL_MAIL_OPERATORS", "a@x.example,b", "separated by commas"),
    ] {
        let error = load(&[], &[(name, value)], "").unwrap_err().to_string();
        assert!(
            error.contains(said) && error.contains(name) && !error.contains("s3cret"),
            "{error}"
        );
    }
    assert!(load(&[], &[], "").unwrap().smtp_url.is_none());
}

#[test]
fn an_unknown_key_in_the_file_is_refused_by_name_with_the_known_ones() {
    let error = load(&[], &[], "databse_url = 'x'").unwrap_err().to_string();
    assert!(
        error.contains("rollcall.toml") && error.contains("`databse_url`"),
        "{error}"
    );
    assert!(
        error.contains("database_url") && error.contains("webhook_allow_private"),
        "{error}"
    );
}

#[test]
fn broken_toml_is_refused_without_quoting_it() {
    let error = load(&[], &[], "admin_key = 'hush\n").unwrap_err().to_string();
    assert!(error.contains("rollcall.toml") && error.contains("line 1"), "{error}");
    assert!(!error.contains("hush"), "{error}");
}

#[test]
fn a_wrong_value_is_refused_with_its_source_and_what_would_be_right() {
    let cases = [
        ("ROLLCALL_PARTITIONS", "0", "from 1 to 1024"),
        ("ROLLCALL_PARTITIONS", "many", "from 1 to 1024"),
        ("ROLLCALL_DATABASE_URL", "mysql://x", "postgres://"),
        ("ROLLCALL_DATABASE_CONNECTIONS", "0", "from 1"),
        ("ROLLCALL_WEBHOOK_ALLOW_CIDRS", "10.0.0.0/8,intranet", "10.20.0.0/16"),
        ("ROLLCALL_WEBHOOK_PORTS", "443,9000-8000", "8000-8999"),
        ("ROLLCALL_WEBHOOK_PORTS", "0", "8000-8999"),
        ("ROLLCALL_DELIVERY_RETENTION_DAYS", "0", "from 1 to 3650"),
        ("ROLLCALL_BUS_URL", "kafka://x", "amqp://"),
        ("ROLLCALL_LISTEN", "8080", "host:port"),
        ("ROLLCALL_PUBLIC_URL", "scim.example.com", "https://"),
        ("ROLLCALL_PUBLIC_URL", "https://u:p@h/", "without user"),
        ("ROLLCALL_MASTER_KEY", "short", "openssl rand -base64 32"),
        (
            "ROLLCALL_ADMIN_KEY",
            "thirty-one-characters-are-short",
            "at least 32 characters",
        ),
        ("ROLLCALL_WEBHOOK_ALLOW_PRIVATE", "maybe", "true or false"),
        ("ROLLCALL_LOG_FORMAT", "xml", "pretty or json"),
        ("ROLLCALL_TRACE_URL", "http://jaeger", "{trace_id}"),
        ("ROLLCALL_ENTRA_AUTHORITY", "login.example.com", "https://"),
        ("ROLLCALL_OAUTH_TOKEN_LIFETIME", "60", "from 3600 to 21600"),
        ("ROLLCALL_MAX_CONNECTIONS", "15", "connections from 16 to 1000000"),
        ("ROLLCALL_MAX_UNREAD", "1", "bytes from 1048576 to 68719476736"),
    ];
    for (variable, value, advice) in cases {
        let error = load(&[], &[(variable, value)], "").unwrap_err().to_string();
        assert!(
            error.contains(variable) && error.contains(advice),
            "{variable}={value}: {error}"
        );
    }
    let error = load(&[], &[], "listen = ['a']").unwrap_err().to_string();
    assert!(error.contains("listen") && error.contains("rollcall.toml"), "{error}");
}

#[test]
fn values_that_look_like_numbers_stay_text_and_empty_ones_are_unset() {
    let number = "01234567890123456789012345678901";
    let environment = [("ROLLCALL_ADMIN_KEY", number), ("ROLLCALL_PUBLIC_URL", "")];
    let settings = load(&[], &environment, "").unwrap();
    assert_eq!(settings.admin_key.unwrap().expose_secret(), number);
    assert_eq!(settings.public_url, None);
}

#[test]
fn neither_the_table_nor_debug_output_shows_a_secret() {
    let environment = [
        (
            "ROLLCALL_DATABASE_URL",
            "postgres://me:pw-database@db/x?password=pw-query",
        ),
        ("ROLLCALL_BUS_URL", "amqp://me:pw-bus@mq:5672/%2f"),
        ("ROLLCALL_MASTER_KEY", KEY),
    ];
    let admin_key = ["--admin-key", "pw-admin-with-characters-enough-32"];
    let settings = load(&admin_key, &environment, "").unwrap();
    let table = settings.describe();
    for secret in ["pw-database", "pw-query", "pw-bus", "pw-admin", KEY] {
        assert!(!table.contains(secret), "{secret} in\n{table}");
        assert!(!format!("{settings:?}").contains(secret), "{secret} in {settings:?}");
        assert!(!format!("{:?}", flags(&admin_key)).contains(secret));
    }
    assert!(table.contains("amqp://me:********@mq:5672/%2f"), "{table}");
    let line = table.lines().find(|line| line.starts_with("admin_key")).unwrap();
    assert!(
        line.contains("********") && line.ends_with("flag --admin-key"),
        "{line}"
    );
}

/// Names and order, and each default that the guide gives as one plain value.
#[test]
fn the_guide_lists_every_setting_with_its_default() {
    let guide = include_str!("../../../services/admin/guides/settings.md");
    let rows: Vec<(String, &str)> = guide
        .lines()
        .filter_map(|line| line.strip_prefix("| `ROLLCALL_")?.split_once("` | "))
        .map(|(name, rest)| (name.to_ascii_lowercase(), rest.split(" | ").next().unwrap()))
        .collect();
    let table = load(&[], &[], "").unwrap().describe();
    let settings: Vec<(&str, &str)> = table
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(name, rest)| (name, rest.trim_start().split("  ").next().unwrap()))
        .collect();
    let listed: Vec<&str> = rows.iter().map(|(name, _)| name.as_str()).collect();
    let known: Vec<&str> = settings.iter().map(|(name, _)| *name).collect();
    assert_eq!(listed, known);
    for ((name, default), (_, value)) in rows.iter().zip(settings) {
        let plain = default.strip_prefix('`').and_then(|text| text.strip_suffix('`'));
        if let Some(plain) = plain.filter(|text| !text.contains(['`', '<'])) {
            assert_eq!(plain, value, "{name}");
        }
    }
}

#[test]
fn the_public_url_follows_the_real_address_unless_it_is_set() {
    let settings = load(&["--listen", "127.0.0.1:0"], &[], "").unwrap();
    assert_eq!(
        settings.public_url("127.0.0.1:4711".parse().unwrap()),
        "http://127.0.0.1:4711"
    );
    assert_eq!(
        settings.public_url("0.0.0.0:4711".parse().unwrap()),
        "http://127.0.0.1:4711"
    );
    assert_eq!(settings.public_url("[::]:4711".parse().unwrap()), "http://[::1]:4711");
    let settings = load(&["--public-url", "https://scim.example.com/base/"], &[], "").unwrap();
    assert_eq!(
        settings.public_url("127.0.0.1:4711".parse().unwrap()),
        "https://scim.example.com/base"
    );
}

#[test]
fn a_data_dir_with_special_characters_still_makes_a_database_url() {
    let settings = load(&["--data-dir", "/tmp/100% sure?"], &[], "").unwrap();
    assert_eq!(
        settings.database_url().expose_secret(),
        "sqlite:///tmp/100%25 sure%3F/rollcall.db"
    );
}

#[test]
fn a_named_file_that_is_missing_is_an_error() {
    let flags = Flags::default().with_config("/nowhere/rollcall.toml");
    let error = Settings::from_process(&flags).unwrap_err().to_string();
    assert!(error.contains("/nowhere/rollcall.toml"), "{error}");
}

#[test]
fn the_limits_of_resources_and_requests_are_numbers_within_a_range() {
    let limits = load(&[], &[], "").unwrap().limits();
    let told = [limits.elements, limits.operations, limits.keys, limits.resource];
    assert_eq!(told, [1_000, 2_000, 1_000, 262_144]);
    let limits = load(
        &["--max-elements", "10000", "--max-keys=100"],
        &[("ROLLCALL_MAX_PATCH_OPERATIONS", "20000"), ("ROLLCALL_MAX_KEYS", "7")],
        "max_resource = 16384",
    );
    let limits = limits.unwrap().limits();
    let told = [limits.elements, limits.operations, limits.keys, limits.resource];
    assert_eq!(told, [10_000, 20_000, 100, 16_384]);
    for (variable, value, range) in [
        ("ROLLCALL_MAX_ELEMENTS", "10001", "elements from 10 to 10000"),
        ("ROLLCALL_MAX_PATCH_OPERATIONS", "99", "operations from 100 to 20000"),
        ("ROLLCALL_MAX_KEYS", "all", "keys from 100 to 10000"),
        ("ROLLCALL_MAX_RESOURCE", "0", "bytes from 16384 to 4194304"),
    ] {
        let error = load(&[], &[(variable, value)], "").unwrap_err().to_string();
        assert!(error.contains(variable) && error.contains(range), "{error}");
    }
}

#[test]
fn limits_are_named_in_refusals_as_the_settings_that_hold_them() {
    use scim::limits::settings::{ELEMENTS, KEYS, OPERATIONS, RESOURCE};
    let shown = load(&[], &[], "").unwrap().describe();
    for name in [ELEMENTS, KEYS, OPERATIONS, RESOURCE] {
        assert!(
            shown.lines().any(|line| line.split(' ').next() == Some(name)),
            "{name} in\n{shown}"
        );
    }
}

/// The four settings that are secrets, or may hold one.
const SECRETS: [(&str, &str, &str); 4] = [
    (
        "ROLLCALL_DATABASE_URL",
        "database_url",
        "postgres://me:pw-database@db/x",
    ),
    ("ROLLCALL_BUS_URL", "bus_url", "amqp://me:pw-bus@mq:5672/%2f"),
    ("ROLLCALL_MASTER_KEY", "master_key", KEY),
    ("ROLLCALL_ADMIN_KEY", "admin_key", "pw-admin-with-characters-enough-32"),
];

#[test]
fn every_secret_can_be_read_from_a_file_whose_last_line_end_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    for (variable, name, value) in SECRETS {
        for end in ["", "\n", "\r\n"] {
            let path = folder.path().join(name);
            std::fs::write(&path, format!("{value}{end}")).unwrap();
            let path = path.to_str().unwrap();
            let file_variable = format!("{variable}_FILE");
            let settings = load(&[], &[(&file_variable, path)], "").unwrap();
            let read = match name {
                "database_url" => settings.database_url(),
                "bus_url" => settings.bus_url.clone(),
                "master_key" => settings.master_key.clone().unwrap(),
                _ => settings.admin_key.clone().unwrap(),
            };
            assert_eq!(read.expose_secret(), value);
            let shown = settings.describe();
            assert!(shown.contains(&format!("file {path} ({file_variable})")), "{shown}");
            assert!(!shown.contains("pw-") && !shown.contains(KEY), "{shown}");
        }
    }
}

#[test]
fn a_secret_and_a_file_for_it_are_refused_by_name_and_a_flag_wins_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    for (variable, name, value) in SECRETS {
        std::fs::write(&path, value).unwrap();
        let file_variable = format!("{variable}_FILE");
        let both = [(variable, value), (file_variable.as_str(), path.to_str().unwrap())];
        let error = load(&[], &both, "").unwrap_err().to_string();
        assert!(error.contains(&format!("{variable} and {file_variable}")), "{error}");
        let flag = format!("--{}", name.replace('_', "-"));
        let settings = load(&[&flag, value], &both[1..], "").unwrap();
        assert_eq!(settings.origin(name), Origin::Flag(flag));
    }
}

#[test]
fn a_file_that_cannot_be_used_is_named_with_its_variable() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let cases = [
        (
            folder.path().join("none").to_str().unwrap().to_owned(),
            "cannot be read",
        ),
        (folder.path().to_str().unwrap().to_owned(), "cannot be read"),
        (file("empty", b""), "is empty"),
        (file("line", b"\n"), "is empty"),
        (file("binary", b"\xff\xfe"), "UTF-8"),
        (file("long", &vec![b'x'; 70_000]), "65536"),
    ];
    for (path, reason) in cases {
        let error = load(&[], &[("ROLLCALL_ADMIN_KEY_FILE", &path)], "")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("ROLLCALL_ADMIN_KEY_FILE") && error.contains(&path) && error.contains(reason),
            "{error}"
        );
    }
    let short = file("short", b"short");
    let error = load(&[], &[("ROLLCALL_ADMIN_KEY_FILE", &short)], "")
        .unwrap_err()
        .to_string();
    assert!(error.contains(&short) && error.contains("at least 32"), "{error}");
    let settings = load(&[], &[("ROLLCALL_ADMIN_KEY_FILE", "")], "").unwrap();
    assert!(settings.admin_key.is_none(), "an empty variable names no file");
}
