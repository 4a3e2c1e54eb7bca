//! What operations have in common, and what therefore stands in no handler: ids of their paths, idempotency keys, refusals.

use super::{headers, refusals};
use actix_web::http::Method;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Required, Schema, SchemaFormat, Type};

/// Adds it to an operation.
pub(super) fn completed(mut operation: Operation, method: &Method, path: &str) -> Operation {
    let mut parameters: Vec<RefOr<Parameter>> = ids(path).map(RefOr::T).collect();
    parameters.extend(operation.parameters.take().unwrap_or_default());
    parameters.iter_mut().for_each(not_empty);
    if *method == Method::POST {
        parameters.push(RefOr::T(idempotency_key()));
    }
    operation.parameters = (!parameters.is_empty()).then_some(parameters);
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        without_null(body);
    }
    let answers = operation.responses.responses.values_mut();
    headers::add(answers.filter_map(|answer| match answer {
        RefOr::T(answer) => Some(&mut answer.headers),
        RefOr::Ref(_) => None,
    }));
    refusals::add(&mut operation, method, path);
    operation
}

/// utoipa says of a body that may be missing that it may also be `null`, which is refused.
fn without_null(body: &mut RequestBody) {
    for content in body.content.values_mut() {
        let RefOr::T(content) = content else { continue };
        let Some(RefOr::T(Schema::OneOf(alternatives))) = &content.schema else {
            continue;
        };
        let own = alternatives
            .items
            .iter()
            .find(|one| matches!(one, RefOr::Ref(_)))
            .cloned();
        content.schema = own;
        body.required = Some(Required::False);
    }
}

/// The ids in a path, each named by what stands before it.
fn ids(path: &str) -> impl Iterator<Item = Parameter> {
    let parts = path.split('/').zip(path.split('/').skip(1));
    parts.filter_map(|(before, part)| {
        let name = part.strip_prefix('{')?.strip_suffix('}')?;
        let id = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(Some(format!("One of the {}.", before.replace('-', " "))))
            .schema(Some(id));
        Some(parameter.build())
    })
}

/// A parameter that is there and says nothing is a fault.
fn not_empty(parameter: &mut RefOr<Parameter>) {
    let RefOr::T(parameter) = parameter else { return };
    if let Some(RefOr::T(Schema::Object(object))) = &mut parameter.schema
        && object.schema_type == SchemaType::Type(Type::String)
        && object.format.is_none()
        && object.enum_values.is_none()
        && object.pattern.is_none()
    {
        object.min_length.get_or_insert(1);
    }
}

fn idempotency_key() -> Parameter {
    let key = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(255))
        .pattern(Some("^[!-~]([ -~]*[!-~])?$"));
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "A request that is sent again with the same key within 24 hours gets the first answer and changes nothing.",
        ))
        .schema(Some(key))
        .build()
}
