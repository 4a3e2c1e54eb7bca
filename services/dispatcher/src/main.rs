//! The dispatcher as a program of its own.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let flags = runtime::parse_flags("rollcall-dispatcher", "Turns lifecycle events into signed webhooks.");
    runtime::service_main("rollcall-dispatcher", flags, dispatcher::run)
}
