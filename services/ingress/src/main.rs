//! The ingress as a process of its own; see the library.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    runtime::service_main(
        "rollcall-ingress",
        runtime::parse_flags(
            "rollcall-ingress",
            "SCIM over HTTP: takes changes from identity providers",
        ),
        ingress::run,
    )
}
