//! What an operation may be refused with: an answer for each status, said once and referred to.

use super::headers::rate_headers;
use crate::problem::{Problem, ProblemKind};
use actix_web::http::Method;
use api::Fault;
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{ContentBuilder, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, Type};

/// The name of the answer that stands for all that have no own.
const REFUSAL: &str = "Refusal";

/// One of them.
struct Refusal {
    status: &'static str,
    name: &'static str,
    about: &'static str,
    example: fn() -> Problem,
}

const BAD_REQUEST: Refusal = Refusal {
    status: "400",
    name: "BadRequest",
    about: "A parameter that there is not or that has another form, or a body that is not JSON.",
    example: || Problem::bad_query(vec![Fault::in_query("limit", "Must be a whole number from 1 to 100.")]),
};
const UNAUTHORIZED: Refusal = Refusal {
    status: "401",
    name: "Unauthorized",
    about: "No key, or one that is not known or has expired.",
    example: || {
        Problem::new(
            ProblemKind::Unauthorized,
            "Send an admin key as \"Authorization: Bearer rca_…\".",
        )
    },
};
const FORBIDDEN: Refusal = Refusal {
    status: "403",
    name: "Forbidden",
    about: "The key has not the scope, or is for one organization and the operation is not.",
    example: || {
        Problem::new(
            ProblemKind::Forbidden,
            "This needs the scope \"directories\". The key has: read.",
        )
    },
};
const NOT_FOUND: Refusal = Refusal {
    status: "404",
    name: "NotFound",
    about: "There is no such thing, or it belongs to another organization than the key.",
    example: || Problem::not_found("directory", "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e60"),
};
const TOO_SLOW: Refusal = Refusal {
    status: "408",
    name: "BodyTooSlow",
    about: "The body took too long to arrive.",
    example: || Problem::new(ProblemKind::BodyTooSlow, "The body took longer than it may."),
};
const CONFLICT: Refusal = Refusal {
    status: "409",
    name: "Conflict",
    about: "It contradicts what is stored, or another request changed the same thing at this moment.",
    example: || {
        Problem::new(
            ProblemKind::Conflict,
            "The domain contoso.com belongs to another organization.",
        )
    },
};
const TOO_LARGE: Refusal = Refusal {
    status: "413",
    name: "BodyTooLarge",
    about: "The body is larger than the API reads.",
    example: || Problem::new(ProblemKind::BodyTooLarge, "The body has more than 262144 bytes."),
};
const NOT_JSON: Refusal = Refusal {
    status: "415",
    name: "UnsupportedMediaType",
    about: "The body is announced as something else than JSON, or is packed in a way that is not known.",
    example: || {
        let detail = "Send \"Content-Type: application/json\"; this request has \"text/plain\".";
        Problem::new(ProblemKind::UnsupportedMediaType, detail)
    },
};
const INVALID: Refusal = Refusal {
    status: "422",
    name: "Invalid",
    about: "The body has faults: all of them are in `errors`. Or the idempotency key was used for another request before.",
    example: || {
        Problem::invalid(vec![
            Fault::at("#/name", "Must have 1 to 200 characters; this has 201."),
            Fault::at("#/domains/0", "Must be a string; this is a number."),
        ])
    },
};
const TOO_MANY: Refusal = Refusal {
    status: "429",
    name: "TooManyRequests",
    about: "The key sent more than it may in this time, or as many lists are being read as may be at a time. Nothing was done.",
    example: || {
        let detail =
            "This key may send 100 requests per second, and 200 at once. Nothing was done; send it again in 1 s.";
        Problem::new(ProblemKind::RateExceeded, detail)
    },
};
const UNAVAILABLE: Refusal = Refusal {
    status: "503",
    name: "Unavailable",
    about: "The database or the bus is away for the moment. Send the request again.",
    example: || {
        let detail = "The database cannot be reached; nothing was changed. Try again soon.";
        Problem::new(ProblemKind::Unavailable, detail)
    },
};

const ALL: [&Refusal; 11] = [
    &BAD_REQUEST,
    &UNAUTHORIZED,
    &FORBIDDEN,
    &NOT_FOUND,
    &TOO_SLOW,
    &CONFLICT,
    &TOO_LARGE,
    &NOT_JSON,
    &INVALID,
    &TOO_MANY,
    &UNAVAILABLE,
];

/// Adds the refusals of an operation, as far as they follow from its form. Those that do not are of a class: another one with
/// its name.
pub(super) fn add(operation: &mut Operation, method: &Method, path: &str) {
    let has_body = operation.request_body.is_some();
    let applies = |refusal: &&&Refusal| match refusal.status {
        "404" => path.contains('{'),
        "408" | "413" | "415" | "422" => has_body,
        "409" => *method != Method::GET,
        _ => true,
    };
    let refusals = ALL.iter().filter(applies).map(|refusal| (refusal.status, refusal.name));
    for (status, name) in refusals.chain([("4XX", REFUSAL), ("5XX", REFUSAL)]) {
        let reference = RefOr::Ref(Ref::from_response_name(name));
        operation
            .responses
            .responses
            .entry(status.to_owned())
            .or_insert(reference);
    }
}

/// The answers that are referred to.
pub(super) fn responses() -> BTreeMap<String, RefOr<Response>> {
    let mut responses: BTreeMap<_, _> = ALL
        .iter()
        .map(|refusal| (refusal.name.to_owned(), response(refusal).into()))
        .collect();
    let other = ResponseBuilder::new()
        .description("Refused: what is wrong, and how to mend it (RFC 9457).")
        .content("application/problem+json", content(None).build());
    responses.insert(REFUSAL.to_owned(), rate_headers(other).build().into());
    responses
}

fn response(refusal: &Refusal) -> Response {
    let example = (refusal.example)().body();
    let mut response = ResponseBuilder::new().description(refusal.about).content(
        "application/problem+json",
        content(serde_json::to_value(example).ok()).build(),
    );
    if refusal.status != UNAUTHORIZED.status {
        response = rate_headers(response);
    }
    for (name, about, of) in [
        (
            "WWW-Authenticate",
            "How to prove who is asking (RFC 6750).",
            &[UNAUTHORIZED.status, FORBIDDEN.status][..],
        ),
        (
            "Retry-After",
            "After so many seconds the request may be sent again.",
            &[TOO_MANY.status, UNAVAILABLE.status],
        ),
    ] {
        if of.contains(&refusal.status) {
            response = response.header(
                name,
                HeaderBuilder::new()
                    .schema(Some(text()))
                    .description(Some(about))
                    .build(),
            );
        }
    }
    response.build()
}

fn content(example: Option<Value>) -> ContentBuilder {
    let schema = Ref::from_schema_name(api::Problem::name());
    ContentBuilder::new().schema(Some(schema)).example(example)
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}
