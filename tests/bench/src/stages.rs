//! Where the time of a change goes, from the services' own `/metrics`.

use crate::report::{Table, fine, whole};
use std::collections::BTreeMap;
use system::System;

/// What the stages of the projector are called in `/metrics`, in their order; the last is not part of the answer.
const PROJECTOR: [&str; 8] = ["wait", "begin", "load", "apply", "save", "commit", "reply", "publish"];

/// Sums (in seconds) and counts of histograms, by what they measure.
pub(crate) type Clocks = BTreeMap<String, (f64, f64)>;

/// Reads them from every service.
pub(crate) async fn read(system: &System) -> Clocks {
    let mut clocks = Clocks::new();
    for process in system.processes.values() {
        let text = system::client().get(format!("{}/metrics", process.url())).send().await;
        let text = text.unwrap().text().await.unwrap();
        for line in text.lines() {
            let Some((key, is_sum)) = key(line) else { continue };
            let value: f64 = line.rsplit(' ').next().and_then(|text| text.parse().ok()).unwrap();
            let (sum, count) = clocks.entry(key).or_default();
            *if is_sum { sum } else { count } += value;
        }
    }
    clocks
}

/// What a line of `/metrics` is about, and whether it is the sum of a histogram or its count.
fn key(line: &str) -> Option<(String, bool)> {
    let (name, labels) = line.split_once(['{', ' '])?;
    let (name, is_sum) = match name.strip_suffix("_sum") {
        Some(name) => (name, true),
        None => (name.strip_suffix("_count")?, false),
    };
    let key = match name {
        "rollcall_http_request_seconds" if labels.contains("/Users") => "http",
        "rollcall_bus_request_seconds" => "request",
        "rollcall_projector_batch_size" => "batch",
        "rollcall_projector_stage_seconds" => labels.split("stage=\"").nth(1)?.split('"').next()?,
        _ => return None,
    };
    Some((key.to_owned(), is_sum))
}

/// Prints what passed between two readings, in one row for each number of clients.
pub(crate) fn print(what: &str, rounds: &[(usize, Clocks, Clocks)]) {
    let titles: Vec<&str> = ["clients", "in all", "ingress", "broker"]
        .into_iter()
        .chain(PROJECTOR)
        .chain(["batch"])
        .collect();
    let table = Table::new(
        &format!(
            "where the time of a {what} goes, mean in ms (publish comes after the answer; batch: commands in one transaction)"
        ),
        &titles,
    );
    for (clients, before, after) in rounds {
        let of = |clocks: &Clocks, key: &str| clocks.get(key).copied().unwrap_or_default();
        let mean = |key: &str| {
            let ((sum, count), (earlier, fewer)) = (of(after, key), of(before, key));
            (sum - earlier) / (count - fewer).max(1.0)
        };
        let millis = |key: &str| mean(key) * 1000.0;
        let projector = PROJECTOR.map(millis);
        let answered: f64 = projector.iter().rev().skip(1).sum();
        let (http, request) = (millis("http"), millis("request"));
        let cells: Vec<f64> = [http, http - request, request - answered]
            .into_iter()
            .chain(projector)
            .chain([mean("batch")])
            .collect();
        table.row(&[&[whole(*clients)], &cells.into_iter().map(fine).collect::<Vec<_>>()[..]].concat());
    }
}
