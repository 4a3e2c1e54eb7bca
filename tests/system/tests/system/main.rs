//! Rollcall as it is run, seen from outside: HTTP in, database, broker and webhooks out.

#![allow(clippy::needless_pass_by_value, reason = "bodies are written where they are passed")]
#![allow(clippy::unwrap_used, reason = "a test that cannot do its part fails")]

mod activity;
mod apps_door;
mod bad_input;
mod brake;
mod bulk;
mod catching_up;
mod command_line;
mod commands;
mod connections;
mod console_sign_on;
mod consumers;
mod database_connections;
mod delivery;
mod discovery;
mod erasing;
mod faults;
mod gallery;
mod graph_pages;
mod isolation;
mod job;
mod large_groups;
mod limits;
mod lines;
mod lists;
mod logouts;
mod mail;
mod memory;
mod oauth;
mod oddities;
mod people;
mod pitfalls;
mod portal;
mod portal_directory;
mod portal_sign_on;
mod protocol;
mod provisioning;
mod pulls;
mod restarts;
mod robustness;
mod samples;
mod searches;
mod secrets;
mod security_events;
mod settings;
mod setup_sign_on;
mod shutdown;
mod sign_on;
mod structure;
mod takeover;
mod tenancy;
mod test_receivers;
mod tracing;

/// Each scenario as two tests: everything in one process on SQLite, and separate processes on PostgreSQL and RabbitMQ.
#[macro_export]
macro_rules! on_both_shapes {
    ($($name:ident),+ $(,)?) => {
        mod all_in_one {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() { super::$name(system::Shape::AllInOne).await; })+
        }
        mod separate {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() { super::$name(system::Shape::Separate).await; })+
        }
    };
}
