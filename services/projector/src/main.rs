//! The projector as a process of its own; see the library.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    runtime::service_main(
        "rollcall-projector",
        runtime::parse_flags(
            "rollcall-projector",
            "Applies changes to users and groups, and announces them",
        ),
        projector::run,
    )
}
