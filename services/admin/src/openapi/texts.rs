//! Texts with limits of length have no control characters, and are not only spaces: what [`api::Shape`] holds of all of them,
//! said in the document as a pattern.

use utoipa::openapi::schema::{AdditionalProperties, ArrayItems, Object, SchemaType};
use utoipa::openapi::{RefOr, Schema, Type};

/// May be empty.
const ANY: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";
/// Has at least one character that is no space.
const NOT_BLANK: &str =
    r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";

/// Whether a pattern is one that texts have which have no own.
pub(crate) fn is_of_all(pattern: &str) -> bool {
    pattern == ANY || pattern == NOT_BLANK
}

/// Says so of every such text in a schema.
pub(super) fn say(schema: &mut RefOr<Schema>) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => {
            say_of(object);
            object.properties.values_mut().for_each(say);
            if let Some(AdditionalProperties::RefOr(each)) = object.additional_properties.as_deref_mut() {
                say(each);
            }
        }
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(each) = &mut array.items {
                say(each);
            }
        }
        Schema::OneOf(several) => several.items.iter_mut().for_each(say),
        Schema::AllOf(several) => several.items.iter_mut().for_each(say),
        Schema::AnyOf(several) => several.items.iter_mut().for_each(say),
        _ => {}
    }
}

fn say_of(object: &mut Object) {
    let is_text = match &object.schema_type {
        SchemaType::Type(one) => *one == Type::String,
        SchemaType::Array(several) => several.contains(&Type::String),
        SchemaType::AnyValue => false,
    };
    if is_text && object.max_length.is_some() && object.pattern.is_none() && object.format.is_none() {
        let pattern = if object.min_length.is_some_and(|least| least > 0) {
            NOT_BLANK
        } else {
            ANY
        };
        object.pattern = Some(pattern.to_owned());
    }
}
