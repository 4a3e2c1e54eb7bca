//! Pages of lists refer to the schema of their elements, as everything else does: utoipa writes it out in them.

use std::collections::BTreeMap;
use utoipa::openapi::schema::ArrayItems;
use utoipa::openapi::{Ref, RefOr, Schema};

/// What the names of such schemas begin with: [`api::List`] of something.
const LIST_OF: &str = "List_";

/// Puts the references in.
pub(super) fn refer(schemas: &mut BTreeMap<String, RefOr<Schema>>) {
    let lists = schemas.keys().filter_map(|name| name.strip_prefix(LIST_OF));
    let elements: Vec<_> = lists
        .filter(|of| schemas.contains_key(*of))
        .map(str::to_owned)
        .collect();
    for element in elements {
        let Some(RefOr::T(Schema::Object(list))) = schemas.get_mut(&format!("{LIST_OF}{element}")) else {
            continue;
        };
        if let Some(RefOr::T(Schema::Array(data))) = list.properties.get_mut("data") {
            let reference = RefOr::Ref(Ref::from_schema_name(&element));
            data.items = ArrayItems::RefOrSchema(Box::new(reference));
        }
    }
}
