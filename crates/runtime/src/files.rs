//! How many files the process may have open: each connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Connections, where the settings do not say: enough for any identity provider and its proxies, in about 100 MiB.
const USUAL_CONNECTIONS: usize = 4_096;
/// For everything but HTTP connections: database, bus, webhooks on their way, SQLite's files.
const OTHER_FILES: usize = 256;

/// Raises the limit on open files as far as the process itself may, and returns it. The usual limit, 1,024, is from a time
/// of programs that cannot do with more; whatever asks for it lets it be raised.
pub(crate) fn raise() -> usize {
    let before = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: before.maximum,
        maximum: before.maximum,
    };
    let now = match setrlimit(Resource::Nofile, wanted) {
        Ok(()) => wanted.current,
        Err(_) => before.current,
    };
    now.map_or(usize::MAX, |files| usize::try_from(files).unwrap_or(usize::MAX))
}

/// The most HTTP connections at a time: as the settings say, or as many as is usual and leaves half of the files to others.
///
/// # Errors
/// When so many files cannot be open; says what would be right.
pub(crate) fn connections(setting: Option<usize>, files: usize) -> Result<usize, String> {
    let Some(wanted) = setting else {
        return Ok((files / 2).clamp(1, USUAL_CONNECTIONS));
    };
    // Those that were told to close may be open for a moment longer; see the HTTP server.
    let needed = wanted.saturating_add(wanted / 4).saturating_add(OTHER_FILES);
    if needed <= files {
        return Ok(wanted);
    }
    Err(format!(
        "ROLLCALL_MAX_CONNECTIONS is {wanted}, for which the process must be able to open {needed} files; it may open \
         {files}: raise that limit (ulimit -n, LimitNOFILE=, nofile) or lower the setting"
    ))
}

#[cfg(test)]
mod tests {
    use super::{connections, raise};
    use rustix::process::{Resource, getrlimit};

    #[test]
    fn the_limit_on_files_is_raised_as_far_as_the_process_may() {
        let files = raise();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
        assert_eq!(
            limit
                .current
                .map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX)),
            files
        );
    }

    #[test]
    fn connections_leave_files_for_others() {
        assert_eq!(connections(None, 1_048_576), Ok(4_096));
        assert_eq!(connections(None, 1_024), Ok(512));
        assert_eq!(connections(None, 0), Ok(1));
        assert_eq!(connections(Some(10_000), 20_000), Ok(10_000));
        let refused = connections(Some(1_000), 1_024).expect_err("too many");
        assert!(refused.contains("1506") && refused.contains("1024"), "{refused}");
    }
}
