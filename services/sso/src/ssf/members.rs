//! The members of a request's JSON, one by one, with faults that name them.

use super::fault::SsfFault;
use crate::parameters::Parameters;
use actix_web::HttpRequest;
use events::SsfStreamId;
use serde_json::{Map, Value};

/// The members of the object that a request is.
#[derive(Debug)]
pub(super) struct Members(Map<String, Value>);

impl Members {
    /// Reads a request; members that nobody knows are left aside, as the specification has it.
    pub(super) fn read(body: &[u8]) -> Result<Self, SsfFault> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Ok(_) => Err(SsfFault::request("the body must be a JSON object")),
            Err(error) => Err(SsfFault::request(format!("the body is not JSON: {error}"))),
        }
    }

    pub(super) const fn of(members: Map<String, Value>) -> Self {
        Self(members)
    }

    pub(super) const fn all(&self) -> &Map<String, Value> {
        &self.0
    }

    /// What stands there, `null` too.
    pub(super) fn any(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// What stands there, and is not `null`.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text of at most so many characters.
    pub(super) fn text(&self, name: &str, longest: usize) -> Result<Option<String>, SsfFault> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let Some(text) = value.as_str() else {
            return Err(SsfFault::request(format!("{name} must be a string")));
        };
        if text.chars().count() > longest {
            return Err(SsfFault::request(format!("{name} has at most {longest} characters")));
        }
        Ok(Some(text.to_owned()))
    }

    pub(super) fn object(&self, name: &str) -> Result<Option<Self>, SsfFault> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(Self(members.clone()))),
            Some(_) => Err(SsfFault::request(format!("{name} must be an object"))),
        }
    }

    pub(super) fn truth(&self, name: &str) -> Result<Option<bool>, SsfFault> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let truth = value.as_bool();
        truth
            .map(Some)
            .ok_or_else(|| SsfFault::request(format!("{name} must be true or false")))
    }

    /// Texts of at most so many characters, at most so many of them.
    pub(super) fn texts(&self, name: &str, most: usize, longest: usize) -> Result<Option<Vec<String>>, SsfFault> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let refused = |what: String| SsfFault::request(format!("{name} {what}"));
        let items = value.as_array().ok_or_else(|| refused("must be an array".to_owned()))?;
        if items.len() > most {
            return Err(refused(format!("has at most {most} items")));
        }
        let mut texts = Vec::with_capacity(items.len());
        for item in items {
            let text = item.as_str().ok_or_else(|| refused("must have strings".to_owned()))?;
            if text.chars().count() > longest {
                return Err(refused(format!("has items of at most {longest} characters")));
            }
            texts.push(text.to_owned());
        }
        Ok(Some(texts))
    }

    /// Which stream the request is about.
    pub(super) fn stream(&self) -> Result<SsfStreamId, SsfFault> {
        let named = self.text("stream_id", 200)?;
        let named = named.ok_or_else(|| SsfFault::request("stream_id is missing"))?;
        named.parse().map_err(|_| SsfFault::NoStream)
    }
}

/// The stream that the query names.
pub(super) fn stream_in_query(request: &HttpRequest) -> Result<Option<SsfStreamId>, SsfFault> {
    let read = Parameters::read(request.query_string().as_bytes());
    let read = read.map_err(|error| SsfFault::request(error.to_string()))?;
    let named = read.get("stream_id").map(str::parse);
    named.transpose().map_err(|_| SsfFault::NoStream)
}
