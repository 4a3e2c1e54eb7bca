//! The management API as a program of its own.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let flags = runtime::parse_flags("rollcall-admin", "Serves the management API.");
    runtime::service_main("rollcall-admin", flags, admin::run)
}
