//! The languages that there are, and which of them a request is answered in.

use crate::filters;
use actix_web::HttpMessage;
use actix_web::http::header::{AcceptLanguage, Header as _, Preference, Quality};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use std::sync::LazyLock;

/// The files, by the names that browsers give their languages (RFC 5646). The first is English, in which everything is said:
/// what a translation lacks, and whatever is said outside of a request. A translation is one more line.
pub(super) const FILES: &[(&str, &str)] = &[("en", include_str!("../../texts/en.ftl"))];

/// All languages, read once.
static LANGUAGES: LazyLock<Languages> = LazyLock::new(|| Languages::read(FILES));

tokio::task_local! {
    /// The language that is spoken in this task.
    static SPOKEN: &'static Language;
}

/// A language with its messages.
pub(crate) struct Language {
    name: String,
    messages: FluentBundle<FluentResource>,
}

impl Language {
    /// Reads a file. What cannot be read of it is left out, and said in English; a test looks at every file.
    fn read((name, file): (&str, &str)) -> Self {
        let mut messages = FluentBundle::new_concurrent(vec![name.parse().unwrap_or_default()]);
        // What is put into a sentence is written in the direction of the page.
        messages.set_use_isolating(false);
        messages.set_formatter(Some(grouped));
        // It fails where there is one already.
        let _ = messages.add_builtins();
        let file = match FluentResource::try_new(file.to_owned()) {
            Ok(file) | Err((file, _)) => file,
        };
        // A key that comes twice has its last message.
        messages.add_resource_overriding(file);
        Self {
            name: name.to_owned(),
            messages,
        }
    }

    /// A message of the file.
    fn message(&self, key: &str, arguments: &FluentArgs<'static>) -> Option<String> {
        let pattern = self.messages.get_message(key)?.value()?;
        // An argument that is missing is shown by its name.
        let mut errors = Vec::new();
        let said = self.messages.format_pattern(pattern, Some(arguments), &mut errors);
        Some(said.into_owned())
    }
}

/// Languages to choose from.
struct Languages {
    english: Language,
    translations: Vec<Language>,
}

impl Languages {
    /// Reads the files, English first.
    fn read(files: &[(&str, &str)]) -> Self {
        let mut languages = files.iter().copied().map(Language::read);
        Self {
            english: languages.next().unwrap_or_else(|| Language::read(("en", ""))),
            translations: languages.collect(),
        }
    }

    /// The language that a browser likes best of those that there are (RFC 4647 §3.4: `de-CH` is served by `de`).
    fn chosen(&self, request: &impl HttpMessage) -> &Language {
        let Ok(mut accepted) = AcceptLanguage::parse(request) else {
            return &self.english;
        };
        accepted.0.retain(|item| item.quality > Quality::ZERO);
        let chosen = accepted.ranked().into_iter().find_map(|preference| match preference {
            Preference::Any => Some(&self.english),
            Preference::Specific(tag) => self.serving(tag.as_str()),
        });
        chosen.unwrap_or(&self.english)
    }

    /// The language of the longest beginning of a tag.
    fn serving(&self, tag: &str) -> Option<&Language> {
        let mut beginning = tag;
        loop {
            let mut all = self.translations.iter().chain([&self.english]);
            if let Some(found) = all.find(|language| language.name.eq_ignore_ascii_case(beginning)) {
                return Some(found);
            }
            beginning = beginning.rsplit_once('-')?.0;
        }
    }
}

/// The language that the browser of a request likes best.
pub(crate) fn chosen(request: &impl HttpMessage) -> &'static Language {
    LANGUAGES.chosen(request)
}

/// Speaks a language while something is done.
pub(crate) async fn in_language<F: Future>(language: &'static Language, future: F) -> F::Output {
    SPOKEN.scope(language, future).await
}

fn spoken() -> &'static Language {
    SPOKEN.try_with(|language| *language).unwrap_or(&LANGUAGES.english)
}

/// The name of the language that is spoken, as `lang` of HTML has it.
pub(crate) fn language() -> &'static str {
    &spoken().name
}

/// A message in the language that is spoken; in English where it is not translated.
pub(super) fn said(key: &'static str, arguments: &FluentArgs<'static>) -> String {
    let said = spoken().message(key, arguments);
    let said = said.or_else(|| LANGUAGES.english.message(key, arguments));
    said.unwrap_or_else(|| key.to_owned())
}

/// A number in a message with its thousands apart, where it is one that is counted.
fn grouped<M>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    match value {
        FluentValue::Number(number) if number.options.use_grouping => Some(filters::grouped(&number.as_string())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Languages, SPOKEN, language};
    use crate::texts::{markup, text};
    use actix_web::http::header::ACCEPT_LANGUAGE;
    use actix_web::test::TestRequest;
    use askama::Template as _;

    const GERMAN: &str = "fault-missing-title = Diese Seite gibt es nicht\n\
                          overview-attention-more = { $number ->\n    [one] Und eines.\n   *[other] Und { $number }.\n}\n\
                          number-thousands = .\n\
                          preview-missing = { $people } Leute\n\
                          receiver-made = <a>Endpunkt</a> von { $when }\n";

    fn languages() -> &'static Languages {
        let portuguese = "fault-missing-title = A página não existe\n";
        let files = [super::FILES[0], ("de", GERMAN), ("pt-BR", portuguese)];
        Box::leak(Box::new(Languages::read(&files)))
    }

    fn chosen(accepted: &str) -> &'static str {
        let request = TestRequest::default().insert_header((ACCEPT_LANGUAGE, accepted));
        &languages().chosen(&request.to_srv_request()).name
    }

    #[test]
    fn the_language_is_the_one_that_the_browser_likes_best_of_those_that_there_are() {
        for (accepted, name) in [
            ("de", "de"),
            ("DE-ch", "de"),
            ("fr, de-CH;q=0.9, en;q=0.8", "de"),
            ("en;q=0.8, de;q=0.9", "de"),
            ("en-GB, de;q=0.9", "en"),
            ("pt-BR", "pt-BR"),
            ("pt", "en"),
            ("de;q=0, *", "en"),
            ("*, de", "en"),
        ] {
            assert_eq!(chosen(accepted), name, "{accepted}");
        }
    }

    #[test]
    fn nonsense_and_silence_are_answered_in_english() {
        for accepted in ["", ",,;", "q=1", "d\u{e9}", "12345678901234567890", "de;q=x", "-"] {
            assert_eq!(chosen(accepted), "en", "{accepted}");
        }
        let silent = TestRequest::default().to_srv_request();
        assert_eq!(languages().chosen(&silent).name, "en");
        assert_eq!(language(), "en");
    }

    #[test]
    fn a_translation_says_what_it_has_and_english_the_rest() {
        let german = languages().serving("de").unwrap();
        SPOKEN.sync_scope(german, || {
            assert_eq!(language(), "de");
            let page = crate::frame::plain("", "").render().unwrap();
            assert!(page.contains("<html lang=\"de\">"), "{page}");
            assert_eq!(text("fault-missing-title").to_string(), "Diese Seite gibt es nicht");
            assert_eq!(text("overview-title").to_string(), "Overview");
            assert_eq!(
                text("overview-attention-more").count("number", 1).to_string(),
                "Und eines."
            );
            assert_eq!(text("overview-attention-more").count("number", 2).to_string(), "Und 2.");
            let many = text("preview-missing").count("people", 1_204_000);
            assert_eq!(many.to_string(), "1.204.000 Leute");
            let moved = markup("receiver-made").with("when", "<i>").link("a", "/x?a&b");
            assert_eq!(moved.to_string(), "<a href=\"/x?a&#38;b\">Endpunkt</a> von &#60;i&#62;");
        });
    }
}
