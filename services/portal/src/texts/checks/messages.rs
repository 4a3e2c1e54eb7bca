//! What the messages of a file take.

use fluent_syntax::ast::{CallArguments, Entry, Expression, InlineExpression, Pattern, PatternElement};
use fluent_syntax::parser::parse;
use std::collections::{BTreeMap, BTreeSet};

/// What a message takes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    /// The names of what is put in.
    pub(super) arguments: BTreeSet<String>,
    /// The names of its elements and links.
    pub(super) tags: BTreeSet<String>,
}

/// The messages of a file.
#[derive(Debug)]
pub(super) struct Messages(BTreeMap<String, Message>);

impl Messages {
    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(file: &str) -> Result<Self, String> {
        let file = parse(file).map_err(|(_, errors)| format!("cannot be read: {errors:?}"))?;
        let mut messages = BTreeMap::new();
        for entry in &file.body {
            let Entry::Message(message) = entry else { continue };
            let mut read = Message::default();
            if let Some(pattern) = &message.value {
                read.pattern(pattern);
            }
            let key = message.id.name.to_owned();
            if messages.insert(key, read).is_some() {
                return Err(format!("{}: comes twice", message.id.name));
            }
        }
        Ok(Self(messages))
    }

    pub(super) fn get(&self, key: &str) -> Option<&Message> {
        self.0.get(key)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    /// What is not in a translation of these as it is here.
    pub(super) fn differences(&self, translation: &str) -> Vec<String> {
        let other = match Self::read(translation) {
            Ok(other) => other,
            Err(error) => return vec![error],
        };
        let mut wrong = Vec::new();
        for (key, message) in &self.0 {
            match other.get(key) {
                None => wrong.push(format!("{key}: is missing")),
                Some(said) if said.arguments != message.arguments => wrong.push(format!(
                    "{key}: takes {:?} instead of {:?}",
                    said.arguments, message.arguments
                )),
                Some(said) if said.tags != message.tags => wrong.push(format!(
                    "{key}: has the elements {:?} instead of {:?}",
                    said.tags, message.tags
                )),
                Some(_) => {}
            }
        }
        let unknown = other.keys().filter(|key| self.get(key).is_none());
        wrong.extend(unknown.map(|key| format!("{key}: is no message of the English file")));
        wrong
    }
}

impl Message {
    fn pattern(&mut self, pattern: &Pattern<&str>) {
        for element in &pattern.elements {
            match element {
                PatternElement::TextElement { value } => self.text(value),
                PatternElement::Placeable { expression } => self.expression(expression),
            }
        }
    }

    fn expression(&mut self, expression: &Expression<&str>) {
        match expression {
            Expression::Inline(inline) => self.inline(inline),
            Expression::Select { selector, variants } => {
                self.inline(selector);
                for variant in variants {
                    self.pattern(&variant.value);
                }
            }
        }
    }

    fn inline(&mut self, inline: &InlineExpression<&str>) {
        match inline {
            InlineExpression::VariableReference { id } => {
                self.arguments.insert(id.name.to_owned());
            }
            InlineExpression::FunctionReference { arguments, .. } => self.call(arguments),
            InlineExpression::TermReference { arguments, .. } => arguments.iter().for_each(|given| self.call(given)),
            InlineExpression::Placeable { expression } => self.expression(expression),
            InlineExpression::StringLiteral { .. }
            | InlineExpression::NumberLiteral { .. }
            | InlineExpression::MessageReference { .. } => {}
        }
    }

    fn call(&mut self, arguments: &CallArguments<&str>) {
        for argument in &arguments.positional {
            self.inline(argument);
        }
    }

    /// The tags of a text: `<name>`.
    fn text(&mut self, text: &str) {
        let names = text.split('<').skip(1).filter_map(|rest| Some(rest.split_once('>')?.0));
        let is_name = |name: &&str| !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric());
        self.tags.extend(names.filter(is_name).map(str::to_owned));
    }
}
