//! Who belongs into which group, for one portion of a file.

use super::import::ImportError;
use super::key::key_for;
use crate::connection::Client;
use crate::error::ClientError;
use api::{GroupCreate, GroupPatch, PeopleParameters};
use events::ResourceId;
use std::collections::{BTreeMap, HashMap};

/// Ids of groups that are remembered.
const MOST_REMEMBERED: usize = 10_000;

/// The groups of a directory, as far as they were met.
#[derive(Debug, Default)]
pub(super) struct Groups {
    ids: HashMap<String, String>,
}

impl Groups {
    /// Puts users into groups; a group that is not there is made. Those who are members stay. The number of memberships
    /// asked for, and what was refused.
    ///
    /// # Errors
    /// When the server does not do it for now, or for this key.
    pub(super) async fn put(
        &mut self,
        client: &Client,
        directory: &str,
        keys: (&str, Option<&str>),
        wanted: BTreeMap<String, Vec<ResourceId>>,
    ) -> Result<(u64, Vec<(String, String)>), ImportError> {
        let (mut put, mut refused) = (0, Vec::new());
        for (name, members) in wanted {
            let count = members.len() as u64;
            match self.put_into(client, directory, keys, &name, members).await {
                Ok(()) => put += count,
                Err(error) if super::import::is_of_one_line(&error) => refused.push((name, error.to_string())),
                Err(error) => return Err(error.into()),
            }
        }
        Ok((put, refused))
    }

    async fn put_into(
        &mut self,
        client: &Client,
        directory: &str,
        keys: (&str, Option<&str>),
        name: &str,
        members: Vec<ResourceId>,
    ) -> Result<(), ClientError> {
        let id = match self.ids.get(name) {
            Some(id) => id.clone(),
            None => self.find_or_make(client, directory, keys, name).await?,
        };
        let patch = GroupPatch {
            add_members: Some(members),
            ..GroupPatch::default()
        };
        client.update_group(directory, &id, &patch).await.map(drop)
    }

    async fn find_or_make(
        &mut self,
        client: &Client,
        directory: &str,
        (hash, again): (&str, Option<&str>),
        name: &str,
    ) -> Result<String, ClientError> {
        let which = PeopleParameters {
            filter: Some(format!("displayName eq {}", quoted(name))),
            limit: Some(1),
            cursor: None,
        };
        let found = client.groups(directory, &which).await?.data.into_iter().next();
        let group = match found {
            Some(group) => group,
            None => {
                let group = GroupCreate {
                    display_name: name.to_owned(),
                    ..GroupCreate::default()
                };
                let key = key_for(hash, again, &format!("group {name}"));
                client.create_group(directory, &group, &key).await?
            }
        };
        if self.ids.len() >= MOST_REMEMBERED {
            self.ids.clear();
        }
        let id = group.id.to_string();
        self.ids.insert(name.to_owned(), id.clone());
        Ok(id)
    }
}

/// A text as a filter has it: a JSON string (RFC 7644 §3.4.2.2).
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
