//! The pull from Microsoft Graph as a process of its own; see the library.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let flags = runtime::parse_flags("rollcall-graph-sync", "Pulls directories from Microsoft Graph");
    runtime::service_main("rollcall-graph-sync", flags, graph_sync::run)
}
