//! `rollcall` as a client: what an administrator types, against a running service.

mod api;
mod events;
mod mail;
mod master_key;
mod people;
mod shell;
mod tools;
