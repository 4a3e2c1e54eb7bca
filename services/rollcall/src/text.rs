//! Texts of the API's documentation as a terminal shows them.

/// The first sentence.
pub(crate) fn first_sentence(text: &str) -> String {
    let plain = plain(text);
    let first = plain.split("\n").next().unwrap_or_default();
    let end = first
        .match_indices(". ")
        .map(|(at, _)| at)
        .find(|at| !first[..*at].ends_with("e.g"));
    end.map_or(first, |at| &first[..at]).trim_end_matches('.').to_owned()
}

/// Without the marks of Markdown, and paragraphs on one line each.
pub(crate) fn plain(text: &str) -> String {
    let paragraphs = text
        .split("\n\n")
        .map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
    paragraphs.collect::<Vec<_>>().join("\n\n").replace('`', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sentence_stands_without_its_full_stop() {
        assert_eq!(
            first_sentence("Makes `a`\nkey. It is shown once.\n\nMore."),
            "Makes a key"
        );
        assert_eq!(first_sentence("Until, e.g. tomorrow."), "Until, e.g. tomorrow");
    }
}
