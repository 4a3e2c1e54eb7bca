//! Markdown as HTML: the guides, and what the API's document says in Markdown.

use super::json::escaped;
use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};
use std::collections::HashSet;

/// A text that was rendered.
#[derive(Debug, Default)]
pub(super) struct Rendered {
    /// The HTML.
    pub(super) html: String,
    /// Its first heading.
    pub(super) title: String,
    /// The headings below it, in order.
    pub(super) sections: Vec<Section>,
}

/// A heading that can be linked to.
#[derive(Debug)]
pub(super) struct Section {
    /// Its anchor.
    pub(super) id: String,
    /// What it says.
    pub(super) title: String,
    /// Whether it is of the second level.
    pub(super) is_main: bool,
}

/// Where links and the names of operations lead.
pub(super) trait Links {
    /// Where a link of the text leads on the web.
    fn target(&self, written: &str) -> String;
    /// Where a passage of code leads that names something with a page.
    fn about_code(&self, code: &str) -> Option<String>;
}

/// Links that are taken as they are.
pub(super) struct Plain;

impl Links for Plain {
    fn target(&self, written: &str) -> String {
        written.to_owned()
    }

    fn about_code(&self, _: &str) -> Option<String> {
        None
    }
}

/// A short text, such as a description, without headings of its own.
pub(super) fn short(text: &str) -> String {
    render(text, &Plain).html
}

/// Renders a text. HTML in it is shown and not used.
pub(super) fn render(text: &str, links: &impl Links) -> Rendered {
    let mut rendered = Rendered::default();
    let mut taken = HashSet::new();
    let mut events = Vec::new();
    let mut parser = Parser::new_ext(text, Options::ENABLE_TABLES);
    let mut is_inside_link = false;
    while let Some(event) = parser.next() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                let inside: Vec<_> = parser
                    .by_ref()
                    .take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))))
                    .collect();
                rendered.heading(level, inside, &mut taken, &mut events);
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                let code: String = parser
                    .by_ref()
                    .take_while(|event| !matches!(event, Event::End(TagEnd::CodeBlock)))
                    .filter_map(|event| match event {
                        Event::Text(text) => Some(text.into_string()),
                        _ => None,
                    })
                    .collect();
                events.push(Event::Html(code_block(&kind, &code).into()));
            }
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                title,
                id,
            }) => {
                is_inside_link = true;
                events.push(Event::Start(Tag::Link {
                    link_type,
                    dest_url: links.target(&dest_url).into(),
                    title,
                    id,
                }));
            }
            Event::End(TagEnd::Link) => {
                is_inside_link = false;
                events.push(Event::End(TagEnd::Link));
            }
            Event::Code(code) => match links.about_code(&code).filter(|_| !is_inside_link) {
                Some(href) => events.push(Event::InlineHtml(linked_code(&href, &code))),
                None => events.push(Event::Code(code)),
            },
            Event::Start(Tag::Table(columns)) => {
                // On a narrow screen it is scrolled, also with the keyboard.
                let about = rendered
                    .sections
                    .last()
                    .map_or(&rendered.title, |section| &section.title);
                let start = format!(
                    "<div class=\"card\" role=\"region\" tabindex=\"0\" aria-label=\"Table: {}\">",
                    escaped(about)
                );
                events.push(Event::Html(start.into()));
                events.push(Event::Start(Tag::Table(columns)));
            }
            Event::End(TagEnd::Table) => {
                events.push(Event::End(TagEnd::Table));
                events.push(Event::Html("</div>".into()));
            }
            Event::Html(html) | Event::InlineHtml(html) => events.push(Event::Text(html)),
            other => events.push(other),
        }
    }
    html::push_html(&mut rendered.html, events.into_iter());
    rendered
}

impl Rendered {
    fn heading<'a>(
        &mut self,
        level: HeadingLevel,
        inside: Vec<Event<'a>>,
        taken: &mut HashSet<String>,
        events: &mut Vec<Event<'a>>,
    ) {
        let title: String = inside
            .iter()
            .filter_map(|event| match event {
                Event::Text(text) | Event::Code(text) => Some(&**text),
                _ => None,
            })
            .collect();
        if level == HeadingLevel::H1 {
            events.push(Event::Html("<h1>".into()));
            events.extend(inside);
            events.push(Event::Html("</h1>".into()));
            self.title = title;
            return;
        }
        let id = unique(&slug(&title), taken);
        events.push(Event::Html(format!("<{level} id=\"{id}\"><a href=\"#{id}\">").into()));
        events.extend(inside);
        events.push(Event::Html(format!("</a></{level}>\n").into()));
        self.sections.push(Section {
            id,
            title,
            is_main: level == HeadingLevel::H2,
        });
    }
}

/// The anchor of a heading: its letters and digits in lower case, with hyphens between words, as code hosts make them.
pub(super) fn slug(title: &str) -> String {
    let mut slug = String::with_capacity(title.len());
    for letter in title.trim().chars() {
        if letter.is_alphanumeric() {
            slug.extend(letter.to_lowercase());
        } else if letter == ' ' || letter == '-' || letter == '_' {
            slug.push(if letter == '_' { '_' } else { '-' });
        }
    }
    slug
}

fn unique(slug: &str, taken: &mut HashSet<String>) -> String {
    let mut candidate = slug.to_owned();
    let mut number = 0;
    while !taken.insert(candidate.clone()) {
        number += 1;
        candidate = format!("{slug}-{number}");
    }
    candidate
}

/// A block of code; where it shows a terminal, what is typed stands behind a prompt that is not copied.
fn code_block(kind: &CodeBlockKind<'_>, code: &str) -> String {
    let language = match kind {
        CodeBlockKind::Fenced(language) => &**language,
        CodeBlockKind::Indented => "",
    };
    let code = code.trim_end();
    if language == "json"
        && let Ok(value) = serde_json::from_str(code)
    {
        return format!("<pre class=\"json\"><code>{}</code></pre>\n", super::json::html(&value));
    }
    let lines = code.lines().map(|line| match line.strip_prefix("$ ") {
        Some(typed) if language == "console" => format!("<span class=\"prompt\">$ </span>{}", escaped(typed)),
        _ => escaped(line),
    });
    let lines: Vec<_> = lines.collect();
    format!("<pre><code>{}</code></pre>\n", lines.join("\n"))
}

fn linked_code<'a>(href: &str, code: &str) -> CowStr<'a> {
    format!("<a href=\"{}\"><code>{}</code></a>", escaped(href), escaped(code)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_have_anchors_that_are_not_given_twice_and_html_is_text() {
        let text = "# The title\n\n## What *it* does\n\n<script>x</script> and <b>\n\n## What it does\n\n### `a_b`\n";
        let rendered = render(text, &Plain);
        assert_eq!(rendered.title, "The title");
        let ids: Vec<_> = rendered.sections.iter().map(|section| section.id.as_str()).collect();
        assert_eq!(ids, ["what-it-does", "what-it-does-1", "a_b"]);
        assert!(
            rendered
                .html
                .contains("<h2 id=\"what-it-does\"><a href=\"#what-it-does\">")
        );
        assert!(
            !rendered.html.contains("<script>") && !rendered.html.contains("<b>"),
            "{}",
            rendered.html
        );
    }

    #[test]
    fn a_prompt_stands_apart_from_what_is_typed() {
        let rendered = render("```console\n$ echo '<x>'\n<x>\n```\n", &Plain);
        assert!(
            rendered
                .html
                .contains("<span class=\"prompt\">$ </span>echo &#39;&#60;x&#62;&#39;\n&#60;x&#62;</code>"),
            "{}",
            rendered.html
        );
    }
}
