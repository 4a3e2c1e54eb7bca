//! Words that a template has of its own.

/// What stands on pages as it is in every language: names of SCIM and of the API, examples, and what drawings show.
const ALLOWED: [&str; 19] = [
    "Aiko Tanaka",
    "Hero SaaS",
    "Switch([IsSoftDeleted], , &quot;False&quot;, &quot;True&quot;, …)",
    "abc8Q~••••••••••••••••",
    "active",
    "ada@contoso.com,Ada Lovelace,Countess,true",
    "cost_center",
    "directory.updated",
    "htmx",
    "https://…/scim/v2",
    "https://…/sso/…/oauth2/…",
    "title eq &quot;Dr&quot;",
    "upn",
    "user.*",
    "user.*, group.member_added",
    "userName",
    "userName,displayName,title,active",
    "userPrincipalName",
    "webhooks",
];
/// Attributes that people see or hear.
const SEEN: [&str; 4] = ["title", "placeholder", "aria-label", "alt"];

/// The words of a template that are no message: in its text, in attributes that people see or hear, and in literals of its
/// code.
pub(super) fn of_its_own(template: &str) -> Vec<String> {
    let (html, code) = apart(template);
    let mut words = Vec::new();
    let mut rest = html.as_str();
    while !rest.is_empty() {
        let (text, after) = rest.split_once('<').unwrap_or((rest, ""));
        words.push(text.to_owned());
        let (tag, after) = tag(after);
        words.extend(seen(tag));
        rest = after;
    }
    let literals = code
        .iter()
        .flat_map(|code| literals(code))
        .filter(|text| is_sentence(text));
    let words = words.into_iter().filter(|text| has_word(text)).chain(literals);
    let words = words.map(|text| text.trim().to_owned());
    words.filter(|text| !ALLOWED.contains(&text.as_str())).collect()
}

/// The HTML of a template, where a space stands for its code, and the code.
fn apart(template: &str) -> (String, Vec<String>) {
    let (mut html, mut code) = (String::new(), Vec::new());
    let mut rest = template;
    while let Some(place) = rest
        .find("{{")
        .into_iter()
        .chain(rest.find("{%"))
        .chain(rest.find("{#"))
        .min()
    {
        let (before, from) = rest.split_at(place);
        let end = match &from[..2] {
            "{{" => "}}",
            "{%" => "%}",
            _ => "#}",
        };
        let (inside, after) = from[2..].split_once(end).unwrap();
        html.push_str(before);
        html.push(' ');
        if end != "#}" {
            code.push(inside.to_owned());
        }
        rest = after;
    }
    html.push_str(rest);
    (html, code)
}

/// A tag, and what comes after it.
fn tag(from_name: &str) -> (&str, &str) {
    let mut is_quoted = false;
    for (place, letter) in from_name.char_indices() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '>' if !is_quoted => return (&from_name[..place], &from_name[place + 1..]),
            _ => {}
        }
    }
    (from_name, "")
}

/// The values of attributes that people see or hear.
fn seen(tag: &str) -> impl Iterator<Item = String> {
    SEEN.into_iter().filter_map(move |name| {
        let (_, value) = tag.split_once(&format!(" {name}=\""))?;
        Some(value.split_once('"')?.0.to_owned())
    })
}

/// The literals of a piece of code.
fn literals(code: &str) -> Vec<String> {
    code.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Whether there is a word in a text: two letters side by side.
fn has_word(text: &str) -> bool {
    let text = text.replace("&quot;", " ");
    let letters: Vec<bool> = text.chars().map(char::is_alphabetic).collect();
    letters.windows(2).any(|two| two[0] && two[1])
}

/// Whether a literal is something that people read: names of fields, keys and paths have no capitals and no spaces.
fn is_sentence(literal: &str) -> bool {
    has_word(literal) && literal.contains(|letter: char| letter.is_uppercase() || letter == ' ')
}

#[test]
fn words_of_a_template_are_found_wherever_they_stand() {
    let template = "{# No. #}<p class=\"no no\">Hello <b>{{ crate::text(\"a-b\") }}</b></p>{% if a > b %} you{% endif %}\
                    <input name=\"no\" placeholder=\"there {{ x }}\" title=\"user.*\">{% call ui::text(e, \"no\", \"What is it?\", \"Yes\") %}\
                    <td aria-label=\"{{ crate::text(\"no-no\").with(\"no\", \"/no\" ~ a) }}\">7 %</td>";
    let mut found = of_its_own(template);
    found.sort();
    assert_eq!(found, ["Hello", "What is it?", "Yes", "there", "you"]);
}
