//! JSON as people read it: indented, with its parts marked for the style sheet.

use askama::filters::{Html, escape};
use serde_json::Value;
use std::fmt::Write as _;

/// A value as HTML for a `pre`. Writing to a String cannot fail.
pub(super) fn html(value: &Value) -> String {
    let mut text = String::new();
    write(value, 0, &mut text);
    text
}

/// Text as HTML.
pub(super) fn escaped(text: &str) -> String {
    match escape(text, Html) {
        Ok(escaped) => escaped.to_string(),
        Err(never) => match never {},
    }
}

fn write(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Object(members) if members.is_empty() => text.push_str("{}"),
        Value::Array(elements) if elements.is_empty() => text.push_str("[]"),
        Value::Object(members) => {
            text.push('{');
            for (index, (name, value)) in members.iter().enumerate() {
                next_line(index, depth + 1, text);
                marked("k", &quoted(name), text);
                text.push_str(": ");
                write(value, depth + 1, text);
            }
            end(depth, '}', text);
        }
        // Short lists stay on their line.
        Value::Array(elements)
            if elements.iter().all(|one| !one.is_object() && !one.is_array()) && elements.len() <= 4 =>
        {
            text.push('[');
            for (index, value) in elements.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                write(value, depth, text);
            }
            text.push(']');
        }
        Value::Array(elements) => {
            text.push('[');
            for (index, value) in elements.iter().enumerate() {
                next_line(index, depth + 1, text);
                write(value, depth + 1, text);
            }
            end(depth, ']', text);
        }
        Value::String(string) => marked("s", &quoted(string), text),
        Value::Number(number) => marked("n", &number.to_string(), text),
        Value::Bool(_) | Value::Null => marked("l", &value.to_string(), text),
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn marked(class: &str, part: &str, text: &mut String) {
    let _ = write!(text, "<span class=\"{class}\">{}</span>", escaped(part));
}

fn next_line(index: usize, depth: usize, text: &mut String) {
    text.push_str(if index == 0 { "\n" } else { ",\n" });
    text.push_str(&"  ".repeat(depth));
}

fn end(depth: usize, bracket: char, text: &mut String) {
    text.push('\n');
    text.push_str(&"  ".repeat(depth));
    text.push(bracket);
}

#[cfg(test)]
mod tests {
    use super::html;
    use serde_json::json;

    #[test]
    fn what_is_written_is_the_same_json_with_everything_escaped() {
        let value = json!({"a": "<b>&\"", "list": [1, true, null], "deep": [{"x": []}, {}]});
        let written = html(&value);
        assert!(!written.contains("<b>"), "{written}");
        let mut plain = String::new();
        let mut in_mark = false;
        for letter in written.chars() {
            match letter {
                '<' => in_mark = true,
                '>' => in_mark = false,
                _ if !in_mark => plain.push(letter),
                _ => {}
            }
        }
        let plain = plain
            .replace("&#34;", "\"")
            .replace("&#60;", "<")
            .replace("&#62;", ">")
            .replace("&#38;", "&");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&plain).unwrap(), value);
    }
}
