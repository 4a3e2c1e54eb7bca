//! Entity tags (R9–R11).

/// The tag of a version, as in the `ETag` header and `meta.version`: `W/"42"`.
#[must_use]
pub fn etag(version: i64) -> String {
    format!("W/\"{version}\"")
}

/// The opaque tags of an `If-Match` or `If-None-Match` header, without `W/` and quotes, as weak tags must match there
/// too (R10). `*` is given as such. Text outside the grammar yields the best reading of it: a tag without quotes is
/// taken as it is, so that a precondition is never silently dropped.
#[must_use]
pub fn parse_etags(header: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = header.trim();
    while !rest.is_empty() {
        let start = rest
            .strip_prefix("W/")
            .or_else(|| rest.strip_prefix("w/"))
            .unwrap_or(rest);
        let (tag, after) = match start.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => start
                .split_once(',')
                .map_or((start, ""), |(tag, after)| (tag.trim(), after)),
        };
        if !tag.is_empty() {
            tags.push(tag.to_owned());
        }
        rest = after.trim_start_matches([',', ' ', '\t']);
    }
    tags
}
