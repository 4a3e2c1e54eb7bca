//! A provisioning job of Entra ID from its first test to the last deletion, played as Entra plays it: it matches everybody
//! in every cycle, and sends only what differs from what it reads.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use system::receiver::Receiver;
use system::scim::{ENTERPRISE, Scim, group};
use system::{Shape, System, assert_gapless};

crate::on_both_shapes! { a_whole_job_sends_each_change_once_and_a_restart_changes_nothing }

/// Somebody in Entra.
#[derive(Clone, Debug)]
struct Person {
    name: &'static str,
    title: &'static str,
    manager: Option<&'static str>,
    /// Assigned, in scope, and not deleted.
    active: bool,
}

impl Person {
    fn user_name(&self) -> String {
        format!("{}@contoso.test", self.name)
    }

    /// What the mapping sends, by target.
    fn attributes(&self) -> Vec<(String, Value)> {
        let work = |attribute: &str| format!("{attribute}[type eq \"work\"].value");
        vec![
            ("active".to_owned(), json!(self.active)),
            ("title".to_owned(), json!(self.title)),
            (work("emails"), json!(self.user_name())),
            (work("phoneNumbers"), json!(format!("+34 {}", self.name))),
            ("name.givenName".to_owned(), json!(self.name)),
            (format!("{ENTERPRISE}:department"), json!("Planning")),
        ]
    }
}

/// The job: what it provisions, and what it remembers.
struct Job<'a> {
    scim: &'a Scim,
    people: Vec<Person>,
    groups: BTreeMap<&'static str, Vec<&'static str>>,
    /// The ids of people and groups.
    links: BTreeMap<String, String>,
    /// The memberships that it has sent.
    sent: BTreeMap<&'static str, Vec<&'static str>>,
}

impl Job<'_> {
    /// One cycle; returns how many changes it sent. After a restart nothing is remembered but the groups' members.
    async fn cycle(&mut self) -> usize {
        let probe = format!("userName eq \"{}\"", uuid::Uuid::new_v4());
        assert_eq!(self.scim.find("Users", &probe).await.expect(200)["totalResults"], 0);
        let mut changes = 0;
        for person in self.people.clone() {
            changes += self.person(&person).await;
        }
        for person in self.people.clone() {
            changes += self.manager(&person).await;
        }
        for name in self.groups.keys().copied().collect::<Vec<_>>() {
            changes += self.group(name).await;
        }
        changes
    }

    async fn person(&mut self, person: &Person) -> usize {
        let found = self.match_person(person).await;
        let Some(found) = found else {
            if !person.active {
                self.links.remove(person.name);
                return 0;
            }
            let body = json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
                "userName": person.user_name(), "externalId": person.name, "active": person.active,
                "title": person.title, "emails": [{ "type": "work", "value": person.user_name(), "primary": true }],
                "phoneNumbers": [{ "type": "work", "value": format!("+34 {}", person.name) }],
                "name": { "givenName": person.name }, "meta": { "resourceType": "User" },
                (ENTERPRISE): { "department": "Planning" },
            });
            let created = self.scim.send("POST", "/Users", Some(&body)).await;
            created.expect(201);
            self.links.insert(person.name.to_owned(), created.id());
            return 1;
        };
        let id = found["id"].as_str().unwrap().to_owned();
        self.links.insert(person.name.to_owned(), id.clone());
        let read = self.scim.get(&format!("/Users/{id}")).await;
        let differing = person
            .attributes()
            .into_iter()
            .filter(|(target, value)| read_at(read.expect(200), target) != *value);
        let operations: Vec<Value> = differing
            .map(|(path, value)| {
                let value = if path == "active" {
                    json!(if value == true { "True" } else { "False" })
                } else {
                    value
                };
                json!({ "op": "Replace", "path": path, "value": value })
            })
            .collect();
        if operations.is_empty() {
            return 0;
        }
        self.scim
            .patch(&format!("/Users/{id}"), operations.into())
            .await
            .expect(200);
        1
    }

    async fn match_person(&self, person: &Person) -> Option<Value> {
        let filter = format!("userName eq \"{}\"", person.user_name());
        let found = self.scim.find("Users", &filter).await;
        let resources = found.expect(200)["Resources"].as_array().unwrap();
        assert!(resources.len() < 2, "two hits are an error for that person");
        resources.first().cloned()
    }

    async fn manager(&self, person: &Person) -> usize {
        let (Some(manager), Some(id)) = (person.manager, self.links.get(person.name)) else {
            return 0;
        };
        let manager = &self.links[manager];
        let probe = format!("id eq \"{id}\" and manager eq \"{manager}\"");
        if self.scim.find("Users", &probe).await.expect(200)["totalResults"] == 1 {
            return 0;
        }
        let set = json!([{ "op": "Add", "path": format!("{ENTERPRISE}:manager"), "value": manager }]);
        self.scim.patch(&format!("/Users/{id}"), set).await.expect(200);
        1
    }

    async fn group(&mut self, name: &'static str) -> usize {
        let found = self
            .scim
            .get(&format!(
                "/Groups?excludedAttributes=members&filter=displayName+eq+%22{name}%22"
            ))
            .await;
        let mut changes = 0;
        let id = match found.expect(200)["Resources"][0]["id"].as_str() {
            Some(id) => id.to_owned(),
            None => {
                changes += 1;
                self.scim.send("POST", "/Groups", Some(&group(name))).await.id()
            }
        };
        self.links.insert(name.to_owned(), id.clone());
        let shown = self.scim.get(&format!("/Groups/{id}?excludedAttributes=members")).await;
        assert_eq!(
            (&shown.expect(200)["id"], shown.body.get("members")),
            (&json!(id), None)
        );
        let (wanted, sent) = (
            self.groups[name].clone(),
            self.sent.get(name).cloned().unwrap_or_default(),
        );
        for (op, names) in [
            (
                "Add",
                wanted.iter().filter(|one| !sent.contains(one)).collect::<Vec<_>>(),
            ),
            ("Remove", sent.iter().filter(|one| !wanted.contains(one)).collect()),
        ] {
            let members: Vec<_> = names
                .iter()
                .map(|one| json!({ "$ref": null, "value": self.links[**one] }))
                .collect();
            if !members.is_empty() {
                let operation = json!([{ "op": op, "path": "members", "value": members }]);
                self.scim.patch(&format!("/Groups/{id}"), operation).await.expect(204);
                changes += 1;
            }
        }
        self.sent.insert(name, wanted);
        changes
    }
}

fn read_at(user: &Value, target: &str) -> Value {
    if let Some(name) = target.strip_prefix(&format!("{ENTERPRISE}:")) {
        return user[ENTERPRISE][name].clone();
    }
    match target.split_once("[type eq \"work\"].") {
        None => target.split('.').fold(user.clone(), |value, part| value[part].clone()),
        Some((attribute, sub)) => {
            let elements = user[attribute].as_array().cloned().unwrap_or_default();
            let work = elements.iter().find(|element| element["type"] == "work");
            work.map_or(Value::Null, |element| element[sub].clone())
        }
    }
}

// Rules: E10, E13, E15, E16, E19, R12
async fn a_whole_job_sends_each_change_once_and_a_restart_changes_nothing(shape: Shape) {
    let system = System::start(shape).await;
    let receiver = Receiver::start();
    let tenant = system.tenant("contoso.test").await;
    let about = [
        "user.created",
        "user.updated",
        "user.deactivated",
        "user.reactivated",
        "user.deleted",
    ];
    let groups = ["group.created", "group.member_added", "group.member_removed"];
    let types = [&about[..], &groups].concat();
    system
        .subscribe(
            &receiver,
            json!({ "directory_ids": [tenant.directory_id], "event_types": types }),
        )
        .await;
    tenant.scim.get("/Schemas").await.expect(200);
    let person = |name, manager| Person {
        name,
        title: "Planner",
        manager,
        active: true,
    };
    let mut job = Job {
        scim: &tenant.scim,
        people: vec![
            person("ada", None),
            person("bob", Some("ada")),
            person("cleo", Some("bob")),
        ],
        groups: BTreeMap::from([("Sales", vec!["ada", "bob"]), ("Staff", vec!["ada", "bob", "cleo"])]),
        links: BTreeMap::new(),
        sent: BTreeMap::new(),
    };
    assert_eq!(job.cycle().await, 3 + 2 + 2 + 2, "people, managers, groups, members");
    let kinds = async |skip: usize| {
        let log = system.log(&tenant).await;
        assert_gapless(&log);
        log.iter()
            .skip(skip)
            .map(|event| event["type"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let mut known = kinds(0).await.len();
    assert_eq!(known, 2 + 3 + 2 + 2 + 5);
    // Sequence 9: a restart evaluates everybody again, and an incremental cycle without a change the same.
    for _ in 0..2 {
        assert_eq!(job.cycle().await, 0);
        assert_eq!(kinds(known).await, [""; 0]);
    }
    for (change, sent, expected) in [
        // Only what changed is sent, a membership as a delta.
        ("title", 1, &["user.updated"][..]),
        ("leave", 1, &["group.member_removed"]),
        // Unassigned, and assigned again: memberships are not sent again, because they were kept.
        ("disable", 1, &["user.deactivated"]),
        ("restore", 1, &["user.reactivated"]),
    ] {
        match change {
            "title" => job.people[0].title = "Director",
            "leave" => drop(job.groups.insert("Sales", vec!["ada"])),
            other => job.people[1].active = other == "restore",
        }
        assert_eq!(job.cycle().await, sent, "{change}");
        assert_eq!(kinds(known).await, expected, "{change}");
        known += expected.len();
        assert_eq!(job.cycle().await, 0, "{change}");
    }
    let bob = format!("/Users/{}", job.links["bob"]);
    assert_eq!(tenant.scim.get(&bob).await.expect(200)["groups"][0]["display"], "Staff");
    // Thirty days after the end of the account it is deleted for good; the people it managed have no manager.
    job.people[1].active = false;
    assert_eq!(job.cycle().await, 1);
    tenant.scim.delete(&bob).await.expect(204);
    tenant.scim.get(&bob).await.expect_error(404, "");
    assert_eq!(kinds(known).await, ["user.deactivated", "user.deleted", "user.updated"]);
    known += 3;
    job.people[2].manager = None;
    job.groups.insert("Staff", vec!["ada", "cleo"]);
    job.sent.insert("Staff", vec!["ada", "cleo"]);
    assert_eq!(
        job.cycle().await,
        0,
        "an account that is gone and disabled is not created"
    );
    assert_eq!(kinds(known).await, [""; 0]);
    // The first two are about the directory and its key.
    let arrivals = receiver.wait_for(known - 2).await;
    assert!(arrivals.iter().all(|arrival| arrival.verified));
    assert_eq!(arrivals.len(), known - 2, "each change is told once");
    system.verify().await;
    receiver.stop().await;
    system.stop().await;
}
