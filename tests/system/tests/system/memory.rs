//! What a process holds of memory while clients ask for more than they take.

use crate::on_both_shapes;
use futures_util::future::join_all;
use serde_json::json;
use std::time::Instant;
use system::process::{PATIENCE, Process, pause};
use system::raw::{Raw, limit_files};
use system::scim::user;
use system::{Shape, System, Tenant};

on_both_shapes! {
    pages_of_large_people_that_are_not_read_cost_little_memory,
}

/// Readers at a time.
const READERS: usize = 20;
/// People of a megabyte each; a request for all of them asks for 25 MB.
const PEOPLE: usize = 25;
/// What may be added meanwhile, in kibibytes.
const MOST: u64 = 150 * 1024;
/// The settings that let people be so large.
const ENVIRONMENT: [(&str, &str); 2] = [("ROLLCALL_MAX_BODY", "4194304"), ("ROLLCALL_MAX_RESOURCE", "4194304")];

/// A value of `/proc/<pid>/status` in kibibytes.
fn memory(process: &Process, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap()
}

/// Has the process count its peak again.
fn forget_peak(process: &Process) {
    std::fs::write(format!("/proc/{}/clear_refs", process.pid()), "5").unwrap();
}

/// Asks for everybody, and reads the head of the answer: then the rest has been made. A client that is told to come later, because
/// the directory or all of them ask for much at a time, comes later.
async fn ask(url: &str, tenant: &Tenant) -> Raw {
    let base: url::Url = tenant.scim.base.parse().unwrap();
    let request = format!(
        "GET {}/Users?count={PEOPLE} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
        base.path(),
        tenant.scim.token
    );
    let started = Instant::now();
    loop {
        let mut raw = Raw::narrow(url).await;
        raw.send(&request).await;
        match raw.head().await.0 {
            200 => return raw,
            status => assert!(matches!(status, 429 | 503), "answered {status}"),
        }
        assert!(started.elapsed() < PATIENCE, "it is never answered");
        pause().await;
    }
}

async fn pages_of_large_people_that_are_not_read_cost_little_memory(shape: Shape) {
    let mut system = System::start_with(shape, &ENVIRONMENT).await;
    limit_files(None);
    let tenant = system.tenant("contoso.example").await;
    for n in 0..PEOPLE {
        let mut body = user(&format!("user{n}@contoso.example"));
        body["title"] = json!("x".repeat(1_000_000));
        tenant.scim.send("POST", "/Users", Some(&body)).await.expect(201);
    }
    let url = system.process("ingress").url();
    // Connections, plans and caches are there before.
    let first = ask(&url, &tenant).await;
    drop(first);
    system.api("GET", "/directories", None).await;
    let process = system.process("ingress");
    forget_peak(process);
    let idle = memory(process, "VmRSS:");
    let mut readers = join_all((0..READERS).map(|_| ask(&url, &tenant))).await;
    // Half of them take a little, the others nothing; a client that holds too much meanwhile may be cut off.
    for _ in 0..20 {
        for reader in readers.iter_mut().step_by(2) {
            reader.try_read(20_000).await;
        }
        pause().await;
    }
    let peak = memory(system.process("ingress"), "VmHWM:");
    let added = peak.saturating_sub(idle);
    assert!(added < MOST, "{added} KiB above {idle} KiB");
    tenant.scim.create_user("other@contoso.example").await.expect(201);
    drop(readers);
    system.stop().await;
}
