//! Tables on standard output, a row as soon as it is known.

use crate::usage::Usage;
use std::collections::BTreeMap;

/// No column is narrower.
const NARROWEST: usize = 9;

/// A table with right-aligned columns as wide as their titles.
pub(crate) struct Table {
    widths: Vec<usize>,
}

impl Table {
    /// Prints a line about the table, and the titles.
    pub(crate) fn new(about: &str, titles: &[&str]) -> Self {
        println!("\n{about}");
        let table = Self {
            widths: titles.iter().map(|title| title.len().max(NARROWEST)).collect(),
        };
        table.row(&titles.iter().map(|title| (*title).to_owned()).collect::<Vec<_>>());
        table
    }

    /// Prints a row.
    pub(crate) fn row(&self, cells: &[String]) {
        let cells: Vec<String> = cells
            .iter()
            .zip(&self.widths)
            .map(|(cell, width)| format!("{cell:>width$}"))
            .collect();
        println!("{}", cells.join(" "));
    }
}

/// A number of things.
pub(crate) fn whole(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| str::from_utf8(group).unwrap())
        .collect();
    groups.join(",")
}

/// A rate a second.
pub(crate) fn rate(rate: f64) -> String {
    format!("{rate:.0}")
}

/// Milliseconds, and ratios.
pub(crate) fn fine(number: f64) -> String {
    format!("{number:.2}")
}

/// How often each process took how much CPU for a request: one row for each number of clients.
pub(crate) fn cpu(what: &str, rounds: &[(usize, usize, BTreeMap<String, f64>)]) {
    let Some((.., first)) = rounds.first() else { return };
    let titles: Vec<&str> = ["clients"]
        .into_iter()
        .chain(first.keys().map(String::as_str))
        .chain(["sum"])
        .collect();
    let table = Table::new(
        &format!("CPU in µs for each {what} (load: clients and receiver)"),
        &titles,
    );
    for (clients, requests, seconds) in rounds {
        let each: Vec<f64> = first
            .keys()
            .map(|name| seconds.get(name).copied().unwrap_or_default() * 1e6 / *requests as f64)
            .collect();
        let sum: f64 = each.iter().sum();
        let cells: Vec<String> = [whole(*clients)]
            .into_iter()
            .chain(each.into_iter().chain([sum]).map(rate))
            .collect();
        table.row(&cells);
    }
}

/// CPU seconds used between two looks, by process.
pub(crate) fn spent(before: &BTreeMap<String, Usage>, after: &BTreeMap<String, Usage>) -> BTreeMap<String, f64> {
    let since = |name: &String| before.get(name).map_or(0.0, |usage| usage.cpu);
    after
        .iter()
        .map(|(name, usage)| (name.clone(), (usage.cpu - since(name)).max(0.0)))
        .collect()
}

/// What each process holds.
pub(crate) fn memory(usage: &BTreeMap<String, Usage>) {
    let table = Table::new(
        "processes at the end",
        &["             ", "CPU s", "RSS MiB", "peak MiB"],
    );
    for (name, usage) in usage {
        let numbers = [usage.cpu, usage.rss_mib, usage.peak_mib].map(|number| format!("{number:.1}"));
        table.row(&[std::slice::from_ref(name), &numbers].concat());
    }
}
