//! What is on this machine: settings, files, room on the disk.

use super::findings::Findings;
use client::Profiles;
use runtime::{Origin, Settings};
use rustix::fs::statvfs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Room below which SQLite soon cannot write.
const LITTLE_BYTES: u64 = 1024 * 1024 * 1024;
const TOO_LITTLE_BYTES: u64 = 100 * 1024 * 1024;
const MIB: u64 = 1024 * 1024;

/// What was set, and where.
pub(super) fn settings(settings: &Settings, findings: &mut Findings) {
    let set: Vec<String> = settings
        .entries()
        .into_iter()
        .filter(|(_, _, origin)| *origin != Origin::Default)
        .map(|(name, value, origin)| format!("{name}={value} ({origin})"))
        .collect();
    if set.is_empty() {
        findings.ok("settings", "all are as by default");
    } else {
        findings.ok("settings", set.join(", "));
    }
    if settings.webhook_allow_private && !is_on_this_machine(settings) {
        findings.warn(
            "settings",
            "ROLLCALL_WEBHOOK_ALLOW_PRIVATE is on: whoever may make endpoints reaches this network through Rollcall",
            "switch it off, and name the networks that are meant in ROLLCALL_WEBHOOK_ALLOW_CIDRS",
        );
    }
}

/// A server that only this machine reaches is one for trying things out.
fn is_on_this_machine(settings: &Settings) -> bool {
    let host = settings.listen.rsplit_once(':').map_or("", |(host, _)| host);
    let host: Option<std::net::IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    settings.public_url.is_none() && host.is_some_and(|ip| ip.is_loopback())
}

/// Files with keys in them, and who may read or write them.
pub(super) fn files(settings: &Settings, findings: &mut Findings) {
    let mut good = 0;
    let mut look = |path: PathBuf, forbidden: u32, mend: &str, findings: &mut Findings| {
        let Some(mode) = mode(&path) else { return };
        if mode & forbidden == 0 {
            good += 1;
            return;
        }
        let path = path.display();
        let said = format!("{path} has the mode {mode:04o}: others may {mend} it");
        findings.warn("key files", said, format!("chmod {:o} {path}", mode & !forbidden));
    };
    look(settings.master_key_file(), 0o077, "read", findings);
    look(settings.previous_master_key_file(), 0o077, "read", findings);
    if let Some(file) = database_file(settings) {
        look(file, 0o077, "read", findings);
    }
    if let Some(profiles) = Profiles::place(|name| std::env::var(name).ok()) {
        look(profiles, 0o077, "read", findings);
    }
    for (_, _, origin) in settings.entries() {
        // Orchestrators let everybody in the container read what they mount.
        if let Origin::SecretFile { path, .. } = origin {
            look(path.into(), 0o022, "write", findings);
        }
    }
    if good > 0 {
        findings.ok("key files", format!("{good} with keys or data, for their owner only"));
    }
}

fn mode(path: &Path) -> Option<u32> {
    Some(std::fs::metadata(path).ok()?.permissions().mode() & 0o777)
}

/// The file of SQLite, if that is the database.
pub(super) fn database_file(settings: &Settings) -> Option<PathBuf> {
    use secrecy::ExposeSecret as _;
    let url = settings.database_url();
    let rest = url.expose_secret().strip_prefix("sqlite:")?;
    let path = rest.strip_prefix("//").unwrap_or(rest).split('?').next()?;
    let path = percent_encoding::percent_decode_str(path).decode_utf8().ok()?;
    Some(PathBuf::from(path.into_owned()))
}

/// Room for what is written.
pub(super) fn disk(settings: &Settings, findings: &mut Findings) {
    let folder = &settings.data_dir;
    if !folder.exists() {
        if settings.database_is_sqlite() {
            findings.ok("disk", format!("{} is made at the first start", folder.display()));
        }
        return;
    }
    let (free, all) = match statvfs(folder) {
        Ok(found) => (found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize),
        Err(error) => {
            let said = format!("{}: {error}", folder.display());
            return findings.warn("disk", said, "see that this user may look at the folder");
        }
    };
    let said = format!("{} MiB of {} MiB free for {}", free / MIB, all / MIB, folder.display());
    if free < TOO_LITTLE_BYTES {
        findings.fail("disk", said, "make room: nothing can be stored soon");
    } else if free < LITTLE_BYTES {
        findings.warn(
            "disk",
            said,
            "make room, or shorten what is kept (ROLLCALL_*_RETENTION_DAYS)",
        );
    } else {
        findings.ok("disk", said);
    }
}
