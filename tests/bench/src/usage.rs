//! What processes have used, from `/proc`.

use std::collections::BTreeMap;
use std::path::Path;
use system::System;

/// Clock ticks a second on Linux.
const TICKS: f64 = 100.0;

/// CPU seconds and memory.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// User and system time in seconds.
    pub(crate) cpu: f64,
    /// Resident now; of several processes the sum, which counts what they share several times.
    pub(crate) rss_mib: f64,
    /// The most that was resident, summed alike.
    pub(crate) peak_mib: f64,
}

impl Usage {
    fn add(self, other: Self) -> Self {
        Self {
            cpu: self.cpu + other.cpu,
            rss_mib: self.rss_mib + other.rss_mib,
            peak_mib: self.peak_mib + other.peak_mib,
        }
    }
}

/// Of the process in this folder of `/proc`; nothing when it is gone.
fn of(process: &Path) -> Usage {
    let stat = std::fs::read_to_string(process.join("stat")).unwrap_or_default();
    // The name before may hold anything, also blanks.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |n: usize| fields.get(n).and_then(|field| field.parse::<f64>().ok());
    let status = std::fs::read_to_string(process.join("status")).unwrap_or_default();
    let mib = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib / 1024.0)
    };
    Usage {
        cpu: (ticks(11).unwrap_or_default() + ticks(12).unwrap_or_default()) / TICKS,
        rss_mib: mib("VmRSS").unwrap_or_default(),
        peak_mib: mib("VmHWM").unwrap_or_default(),
    }
}

/// Of everything that takes part: the services by name, `database` and `broker` where they run on this machine, and
/// `load`, which is this process with clients and receiver.
///
/// The database counts with the sessions in the system's own database, the broker as a whole, so with others' work.
pub(crate) fn all(system: &System) -> BTreeMap<String, Usage> {
    let mut usage: BTreeMap<String, Usage> = system
        .processes
        .values()
        .filter(|process| process.is_running())
        .map(|process| {
            let name = process.name.trim_start_matches("rollcall-").to_owned();
            (name, of(&Path::new("/proc").join(process.pid().to_string())))
        })
        .collect();
    usage.insert("load".to_owned(), of(Path::new("/proc/self")));
    if system.bus_url().is_some() {
        let database = system.database.url.rsplit('/').next().unwrap_or_default();
        let database = database.split('?').next().unwrap_or_default();
        for process in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let name = std::fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            let role = match name.trim_end() {
                "postgres" if String::from_utf8_lossy(&line).contains(database) => "database",
                "beam.smp" => "broker",
                _ => continue,
            };
            let sum = usage.entry(role.to_owned()).or_default();
            *sum = sum.add(of(&process.path()));
        }
    }
    usage
}
