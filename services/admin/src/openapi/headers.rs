//! Headers that all answers have.

use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::{ObjectBuilder, Ref, RefOr, ResponseBuilder, Type};

/// Their names, and what they say.
const RATE_HEADERS: [(&str, &str, &str); 2] = [
    (
        "RateLimit",
        "What is left of the rate of the key: `r` more requests at once; after `t` seconds without one, all of them.",
        "\"key\";r=187;t=1",
    ),
    (
        "RateLimit-Policy",
        "The rate of the key: `q` requests in `w` seconds.",
        "\"key\";q=200;w=2",
    ),
];

/// Adds them to an answer.
pub(super) fn rate_headers(mut response: ResponseBuilder) -> ResponseBuilder {
    for (name, _, _) in RATE_HEADERS {
        response = response.header_ref(name, reference(name));
    }
    response
}

/// Adds them to the answers of an operation.
pub(super) fn add<'a>(headers: impl Iterator<Item = &'a mut std::collections::BTreeMap<String, RefOr<Header>>>) {
    for headers in headers {
        for (name, _, _) in RATE_HEADERS {
            headers.insert(name.to_owned(), RefOr::Ref(reference(name)));
        }
    }
}

fn reference(name: &str) -> Ref {
    Ref::new(format!("#/components/headers/{name}"))
}

/// What the references lead to.
pub(super) fn described() -> impl Iterator<Item = (String, RefOr<Header>)> {
    RATE_HEADERS.into_iter().map(|(name, about, example)| {
        let header = HeaderBuilder::new()
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
            .description(Some(about))
            .example(Some(example.into()));
        (name.to_owned(), RefOr::T(header.build()))
    })
}
