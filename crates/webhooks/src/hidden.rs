//! What a receiver's answer must not tell: path and query of its URL, which may be its secrets. Many frameworks answer an
//! unknown path by quoting it (`Cannot POST /hooks/…`), and answers are kept with the attempts.

use percent_encoding::percent_decode_str;
use url::{Position, Url};

/// Stands for what was taken out.
const INSTEAD: &str = "[url]";
/// Shorter parts are words such as `hooks` or `v1`, which no secret is and any answer may hold.
const SHORTEST_PART: usize = 8;
/// So are longer ones of small letters only, up to this length: `webhooks`, `callbacks`.
const LONGEST_WORD: usize = 15;
/// Parts of one URL that are looked for; the whole path and the whole query always are.
const MOST_PARTS: usize = 64;

/// Texts to be taken out of an answer, the longest first.
#[derive(Clone)]
pub(crate) struct HiddenTexts(Vec<String>);

impl HiddenTexts {
    /// Path and query together and each alone, and their longer parts; as they are sent and as a receiver decodes them.
    pub(crate) fn of(url: &str) -> Self {
        let Ok(url) = Url::parse(url) else {
            return Self(Vec::new());
        };
        let whole = [
            &url[Position::BeforePath..],
            url.path(),
            url.query().unwrap_or_default(),
        ];
        let segments = url.path().split('/').filter(may_be_secret);
        let values = url.query().unwrap_or_default().split(['&', '=', ';']);
        let values = values.filter(may_be_secret);
        let mut texts: Vec<String> = whole
            .into_iter()
            // "/" and such are in every answer.
            .filter(|text| text.trim_matches('/').len() > 2)
            .chain(segments.chain(values).take(MOST_PARTS))
            .flat_map(|text| {
                let decoded = percent_decode_str(text).decode_utf8_lossy().into_owned();
                [text.to_owned(), decoded]
            })
            .collect();
        texts.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        texts.dedup();
        Self(texts)
    }

    /// The text without any of them.
    pub(crate) fn without(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for hidden in &self.0 {
            if text.contains(hidden) {
                text = text.replace(hidden, INSTEAD);
            }
        }
        text
    }
}

fn may_be_secret(part: &&str) -> bool {
    let is_word = part.len() <= LONGEST_WORD && part.bytes().all(|byte| byte.is_ascii_lowercase());
    part.len() >= SHORTEST_PART && !is_word
}

#[cfg(test)]
mod tests {
    use super::HiddenTexts;

    fn without(url: &str, text: &str) -> String {
        HiddenTexts::of(url).without(text)
    }

    #[test]
    fn an_answer_that_quotes_the_url_is_kept_without_it() {
        let url = "https://hooks.example.com/hooks/T0123456789abc/p%C3%A4th?token=s3cret-s3cret&v=webhooks";
        for (answer, kept) in [
            (
                "Cannot POST /hooks/T0123456789abc/p%C3%A4th?token=s3cret-s3cret&v=webhooks!",
                "Cannot POST [url]!",
            ),
            ("no route /hooks/T0123456789abc/p\u{e4}th", "no route [url]"),
            ("/hooks/T0123456789abc is unknown", "/hooks/[url] is unknown"),
            ("bad token s3cret-s3cret", "bad token [url]"),
            ("hooks are v1", "hooks are v1"),
            ("no webhooks here", "no webhooks here"),
            ("", ""),
        ] {
            assert_eq!(without(url, answer), kept);
        }
    }

    #[test]
    fn a_url_without_path_hides_nothing() {
        assert_eq!(without("https://a.example/", "a/b ok"), "a/b ok");
        assert_eq!(without("https://a.example", "/"), "/");
    }
}
