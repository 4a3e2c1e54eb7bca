//! The dispatcher as a program of its own.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let flags = runtime::parse_flags("rollcall-dispatcher", "Turns lifecycle events into signed webhooks.");
    // Identity providers wait for the answers of the other services, and give up on one that is slow; webhooks have time.
    let program = runtime::Program::service("rollcall-dispatcher").yielding();
    runtime::service_main(program, flags, dispatcher::run)
}
