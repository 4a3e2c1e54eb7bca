//! What a process has used, from `/proc`.

use std::collections::BTreeMap;

/// Clock ticks a second on Linux.
const TICKS: f64 = 100.0;

/// CPU seconds and memory of a process.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    pub(crate) cpu: f64,
    pub(crate) rss_mib: f64,
    pub(crate) peak_mib: f64,
}

/// Of one process.
pub(crate) fn of(pid: u32) -> Usage {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |n: usize| {
        fields
            .get(n)
            .and_then(|field| field.parse::<f64>().ok())
            .unwrap_or_default()
    };
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kib = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_whitespace()
            .nth(1)
            .and_then(|field| field.parse::<f64>().ok())
            .unwrap_or_default()
    };
    Usage {
        cpu: (ticks(11) + ticks(12)) / TICKS,
        rss_mib: kib("VmRSS") / 1024.0,
        peak_mib: kib("VmHWM") / 1024.0,
    }
}

/// Of all processes of a system, by name.
pub(crate) fn all(system: &system::System) -> BTreeMap<String, Usage> {
    system
        .processes
        .values()
        .map(|process| (process.name.clone(), of(process.pid())))
        .collect()
}
