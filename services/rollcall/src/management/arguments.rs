//! Operations as commands, and what was typed as calls.

use super::fields::{Field, Kind};
use super::operations::{Operation, Part, operations};
use crate::connection::ConnectionArgs;
use crate::output::OutputArgs;
use crate::text::{first_sentence, plain};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Args as _, Command};
use client::{Call, Method};
use serde_json::{Map, Value};
use std::io::Read as _;

const BODY: &str = "body";
const UNSET: &str = "unset";
const ALL: &str = "all";
/// The largest body that is read from a file; the API takes less.
const LARGEST_BODY: u64 = 32 * 1024 * 1024;

/// The names of the groups, in the order of the document.
pub(crate) fn groups() -> Vec<&'static str> {
    let mut groups: Vec<&str> = Vec::new();
    for operation in operations() {
        if !groups.contains(&operation.group.as_str()) {
            groups.push(&operation.group);
        }
    }
    groups
}

/// A group of commands.
pub(crate) fn command(group: &'static str) -> Command {
    let about = about_group(group);
    let command = Command::new(group)
        .about(about)
        .subcommand_required(true)
        .arg_required_else_help(true);
    let own = operations().iter().filter(|operation| operation.group == group);
    own.fold(command, |command, operation| {
        command.subcommand(of_operation(operation))
    })
}

/// What the document says of the tag.
fn about_group(group: &str) -> String {
    let tags = super::operations::document()["tags"].as_array().into_iter().flatten();
    let own = tags.into_iter().find(|tag| {
        let name = tag["name"].as_str().unwrap_or_default();
        name.to_ascii_lowercase().replace(' ', "-") == group
    });
    let about = own.and_then(|tag| tag["description"].as_str()).map(first_sentence);
    about.unwrap_or_else(|| format!("The {} of the management API", group.replace('-', " ")))
}

fn of_operation(operation: &Operation) -> Command {
    let mut command = Command::new(operation.verb.clone());
    let scope = operation
        .scope
        .iter()
        .map(|scope| format!("The admin key needs the scope `{scope}`."));
    let more = [operation.about.clone()]
        .into_iter()
        .chain(operation.more.clone())
        .chain(scope);
    let long_about = plain(&more.collect::<Vec<_>>().join("\n\n"));
    for part in &operation.path {
        if let Part::Id { name, by_place } = part {
            command = command.arg(id_argument(name, *by_place));
        }
    }
    for parameter in &operation.parameters {
        command = command.arg(flag(parameter, "query", parameter.is_required));
    }
    if let Some(members) = &operation.body {
        command = with_body(command, members);
    }
    if operation.cursor.is_some() {
        command = command.arg(
            Arg::new(ALL)
                .long(ALL)
                .action(ArgAction::SetTrue)
                .help("All pages, one after the other, not only the first"),
        );
    }
    let command = ConnectionArgs::augment_args(OutputArgs::augment_args(command));
    command.about(first_sentence(&operation.about)).long_about(long_about)
}

fn id_argument(name: &str, by_place: bool) -> Arg {
    let shown = name.trim_end_matches("-id").replace('-', " ");
    let argument = Arg::new(format!("path.{name}")).required(true);
    if by_place {
        argument
            .value_name(name.to_ascii_uppercase().replace('-', "_"))
            .help(format!("The {shown}"))
    } else {
        argument
            .long(name.to_owned())
            .value_name("ID")
            .help(format!("The id of the {shown}"))
    }
}

fn with_body(mut command: Command, members: &[Field]) -> Command {
    if members.is_empty() {
        return command;
    }
    for member in members {
        // What is required may stand in --body.
        command = command.arg(flag(member, "body", false));
    }
    let nullable: Vec<String> = members
        .iter()
        .filter(|member| member.is_nullable)
        .map(Field::flag)
        .collect();
    if !nullable.is_empty() {
        command = command.arg(
            Arg::new(UNSET)
                .long(UNSET)
                .value_name("NAME")
                .value_delimiter(',')
                .action(ArgAction::Append)
                .value_parser(PossibleValuesParser::new(nullable))
                .hide_possible_values(true)
                .help("Take these values away: names of flags, with commas"),
        );
    }
    command.arg(
        Arg::new(BODY)
            .long(BODY)
            .value_name("JSON|@FILE|-")
            .help("The body as JSON, from a file or from stdin; flags go before its members"),
    )
}

/// A flag for a member or a parameter.
fn flag(field: &Field, place: &str, is_required: bool) -> Arg {
    let marks = if field.is_required && !is_required {
        " [required]"
    } else {
        ""
    };
    let about = plain(&field.about);
    let argument = Arg::new(format!("{place}.{}", field.name))
        .long(field.flag())
        .required(is_required)
        .help(format!("{}{marks}", first_sentence(&about).trim_end_matches('.')))
        .long_help(format!("{about}{marks}"));
    match &field.kind {
        Kind::Text => argument.value_name("TEXT"),
        Kind::Whole => argument
            .value_name("N")
            .value_parser(clap::value_parser!(i64))
            .allow_negative_numbers(true),
        Kind::Truth => argument
            .value_name("BOOL")
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .value_parser(["true", "false"]),
        Kind::Word(words) => argument
            .value_name("WORD")
            .value_parser(PossibleValuesParser::new(words.clone())),
        Kind::Several(words) => {
            let argument = argument
                .value_name("LIST")
                .value_delimiter(',')
                .action(ArgAction::Append);
            if words.is_empty() {
                argument
            } else {
                argument.value_parser(PossibleValuesParser::new(words.clone()))
            }
        }
        Kind::Pairs => argument.value_name("NAME=VALUE").action(ArgAction::Append),
        Kind::Json => argument.value_name("JSON"),
    }
}

/// The call that was typed.
///
/// # Errors
/// What is wrong with it, for a person.
pub(super) fn call(operation: &Operation, matches: &ArgMatches) -> Result<Call, String> {
    let segments = operation.path.iter().map(|part| match part {
        Part::Literal(text) => text.clone(),
        Part::Id { name, .. } => given(matches, &format!("path.{name}")).next().unwrap_or_default(),
    });
    let mut call = Call::new(operation.method, segments);
    for parameter in &operation.parameters {
        let mut values = given(matches, &format!("query.{}", parameter.name)).peekable();
        if values.peek().is_some() {
            call = call.with(&parameter.name, values.collect::<Vec<_>>().join(","));
        }
    }
    let Some(members) = operation.body.as_ref() else {
        return Ok(call);
    };
    let body = body(members, matches)?;
    // Bodies that may be empty are left out: some operations take none.
    if body.is_empty() && matches!(operation.method, Method::Post) && members.iter().all(|member| !member.is_required) {
        return Ok(call);
    }
    Ok(call.sending(Value::Object(body)))
}

/// Whether all pages are wanted.
pub(super) fn wants_all(operation: &Operation, matches: &ArgMatches) -> bool {
    operation.cursor.is_some() && matches.get_flag(ALL)
}

fn body(members: &[Field], matches: &ArgMatches) -> Result<Map<String, Value>, String> {
    if members.is_empty() {
        return Ok(Map::new());
    }
    let mut body = match given(matches, BODY).next() {
        None => Map::new(),
        Some(source) => whole(&source)?,
    };
    for member in members {
        let values: Vec<String> = given(matches, &format!("body.{}", member.name)).collect();
        if !values.is_empty() {
            body.insert(member.name.clone(), member.value(values.iter().map(String::as_str))?);
        }
    }
    if members.iter().any(|member| member.is_nullable) {
        for name in given(matches, UNSET) {
            body.insert(name.replace('-', "_"), Value::Null);
        }
    }
    let missing = members
        .iter()
        .filter(|member| member.is_required && !body.contains_key(&member.name));
    let missing: Vec<String> = missing.map(|member| format!("--{}", member.flag())).collect();
    if missing.is_empty() {
        Ok(body)
    } else {
        Err(format!("{} must be given, or stand in --body", missing.join(", ")))
    }
}

/// A body as a whole: JSON, `@` and a file, or `-` for stdin.
fn whole(source: &str) -> Result<Map<String, Value>, String> {
    let mut text = String::new();
    match source.strip_prefix('@') {
        Some(path) => {
            let file = std::fs::File::open(path).map_err(|error| format!("--body: {path} cannot be read: {error}"))?;
            let read = file.take(LARGEST_BODY).read_to_string(&mut text);
            read.map_err(|error| format!("--body: {path} cannot be read: {error}"))?;
        }
        None if source == "-" => {
            let read = std::io::stdin().lock().take(LARGEST_BODY).read_to_string(&mut text);
            read.map_err(|error| format!("--body: stdin cannot be read: {error}"))?;
        }
        None => source.clone_into(&mut text),
    }
    serde_json::from_str(&text).map_err(|error| format!("--body: must be a JSON object: {error}"))
}

/// What was given for an argument, as text.
fn given(matches: &ArgMatches, id: &str) -> std::vec::IntoIter<String> {
    let raw = matches.try_get_raw(id).ok().flatten();
    // Not all have a value of the type `String`, and all have a text.
    let texts = raw
        .into_iter()
        .flatten()
        .map(|text| text.to_string_lossy().into_owned());
    texts.collect::<Vec<_>>().into_iter()
}
