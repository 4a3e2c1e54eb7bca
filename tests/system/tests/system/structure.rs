//! The map holds: who may depend on whom, and which crate alone may name a driver.

use serde_json::Value;
use std::collections::BTreeMap;

/// The layers from the bottom up. A package may depend on those below it, and on none beside or above it, unless the
/// list of exceptions says so.
const LAYERS: [&[&str]; 8] = [
    &["scim", "events", "secrets"],
    &["directory", "telemetry", "db"],
    &["api", "store", "bus", "webhooks", "oidc", "mail"],
    &["commands", "runtime", "client", "keyring", "graph"],
    &["pages"],
    &["rollcall-portal"],
    &[
        "rollcall-ingress",
        "rollcall-projector",
        "rollcall-dispatcher",
        "rollcall-admin",
        "rollcall-sso",
        "rollcall-graph-sync",
    ],
    &["rollcall"],
];

/// Drivers and the only packages that may name them.
const DRIVERS: [(&str, &[&str]); 5] = [
    ("sea-orm", &["db", "store"]),
    ("sea-orm-migration", &["db"]),
    ("lapin", &["bus"]),
    ("opentelemetry-otlp", &["telemetry"]),
    ("lettre", &["mail"]),
];
/// The only package that may name what has connections to the database: others could ask for any tenant's rows.
const CONNECTIONS: (&str, &str) = ("db", "store");

/// What must not come back: C libraries and build tools that a plain Debian does not have.
const BANNED: [&str; 4] = ["openssl-sys", "aws-lc-sys", "cmake", "native-tls"];

/// What stands at the edge of tests, and checks from outside: it shares no code with what it checks.
const EDGE: [&str; 1] = ["entra"];

/// Normal dependencies by package of the workspace.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let normal = |package: &Value| {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        dependencies
            .filter(|dependency| dependency["kind"].is_null())
            .map(|dependency| text(&dependency["name"]))
            .collect()
    };
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| (text(&package["name"]), normal(package)))
        .collect()
}

#[test]
fn arrows_point_one_way() {
    let dependencies = dependencies();
    let layer = |name: &str| LAYERS.iter().position(|layer| layer.contains(&name));
    for (package, uses) in &dependencies {
        let Some(own) = layer(package) else { continue };
        for used in uses {
            if let Some(below) = layer(used) {
                assert!(below < own, "{package} must not depend on {used}");
            }
        }
    }
    for name in LAYERS.concat() {
        assert!(
            dependencies.contains_key(name),
            "{name} is on the map and not in the workspace"
        );
    }
}

#[test]
fn a_driver_is_named_by_its_own_crates_alone() {
    for (package, uses) in dependencies() {
        // The benchmark measures against the bare database.
        if package == "bench" {
            continue;
        }
        for (driver, owners) in DRIVERS {
            assert!(
                owners.contains(&package.as_str()) || !uses.iter().any(|used| used == driver),
                "{package} must not name {driver}"
            );
        }
    }
}

#[test]
fn connections_to_the_database_are_in_the_hands_of_the_store_alone() {
    let (connections, owner) = CONNECTIONS;
    for (package, uses) in dependencies() {
        assert!(
            package == owner || !uses.iter().any(|used| used == connections),
            "{package} must not name {connections}"
        );
    }
}

#[test]
fn pure_crates_do_no_io() {
    for (package, uses) in dependencies() {
        if ["scim", "events", "directory", "secrets", "api"].contains(&package.as_str()) {
            for driver in ["tokio", "actix-web", "reqwest", "sea-orm", "lapin"] {
                assert!(
                    !uses.iter().any(|used| used == driver),
                    "{package} must not name {driver}"
                );
            }
        }
    }
}

#[test]
fn tls_stays_in_rust() {
    let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock")).unwrap();
    for banned in BANNED {
        assert!(!lock.contains(&format!("name = \"{banned}\"")), "{banned} has come in");
    }
}

#[test]
fn what_stands_at_the_edge_shares_nothing_with_what_it_checks() {
    let dependencies = dependencies();
    let ours: Vec<&str> = dependencies.keys().map(String::as_str).collect();
    for edge in EDGE {
        for used in &dependencies[edge] {
            assert!(!ours.contains(&used.as_str()), "{edge} must not depend on {used}");
        }
        for package in LAYERS.concat() {
            assert!(
                !dependencies[package].iter().any(|used| used == edge),
                "{package} must not depend on {edge}"
            );
        }
    }
}
