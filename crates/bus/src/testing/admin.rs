//! Administration of the test broker: by its management API, or by `rabbitmqctl` on the same machine.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::process::Command;
use std::time::Duration;
use url::Url;

const TIMEOUT: Duration = Duration::from_secs(20);
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);

/// How the test broker is administered. Blocking: it is used from `Drop` too.
#[derive(Clone, Debug)]
pub(super) enum Admin {
    Management {
        authority: String,
        authorization: String,
        user: String,
    },
    Ctl {
        user: String,
    },
}

impl Admin {
    pub(super) fn find(broker: &Url) -> Self {
        let user = if broker.username().is_empty() {
            "guest"
        } else {
            broker.username()
        }
        .to_owned();
        let credentials = format!("{user}:{}", broker.password().unwrap_or("guest"));
        let management = std::env::var("ROLLCALL_TEST_BUS_MANAGEMENT_URL").ok();
        let authority = management.and_then(|url| url.parse::<Url>().ok()).map_or_else(
            || format!("{}:15672", broker.host_str().unwrap_or("127.0.0.1")),
            |url| url.authority().to_owned(),
        );
        let authorization = format!("Basic {}", STANDARD.encode(credentials));
        let found = Self::Management {
            authority,
            authorization,
            user: user.clone(),
        };
        if found.call("GET", "/api/overview", None).is_ok() {
            found
        } else {
            Self::Ctl { user }
        }
    }

    pub(super) fn create_vhost(&self, name: &str) -> Result<(), String> {
        match self {
            Self::Management { user, .. } => {
                self.call("PUT", &format!("/api/vhosts/{name}"), Some(&json!({})))?;
                let all = json!({"configure": ".*", "write": ".*", "read": ".*"});
                self.call("PUT", &format!("/api/permissions/{name}/{user}"), Some(&all))
            }
            Self::Ctl { user } => {
                ctl(&["add_vhost", name])?;
                ctl(&["set_permissions", "-p", name, user, ".*", ".*", ".*"])
            }
        }
    }

    pub(super) fn delete_vhost(&self, name: &str) -> Result<(), String> {
        match self {
            Self::Management { .. } => self.call("DELETE", &format!("/api/vhosts/{name}"), None),
            Self::Ctl { .. } => ctl(&["delete_vhost", name]),
        }
    }

    pub(super) fn set_policy(&self, vhost: &str, name: &str, pattern: &str, definition: &Value) -> Result<(), String> {
        match self {
            Self::Management { .. } => {
                let body = json!({"pattern": pattern, "definition": definition, "apply-to": "queues"});
                self.call("PUT", &format!("/api/policies/{vhost}/{name}"), Some(&body))
            }
            Self::Ctl { .. } => {
                let definition = definition.to_string();
                ctl(&[
                    "set_policy",
                    "-p",
                    vhost,
                    "--apply-to",
                    "queues",
                    name,
                    pattern,
                    &definition,
                ])
            }
        }
    }

    pub(super) fn import_definitions(&self, definitions: &Value) -> Result<(), String> {
        match self {
            Self::Management { .. } => self.call("POST", "/api/definitions", Some(definitions)),
            Self::Ctl { .. } => {
                let name = format!("rollcall-definitions-{}.json", uuid::Uuid::now_v7().simple());
                let file = std::env::temp_dir().join(name);
                std::fs::write(&file, definitions.to_string()).map_err(|error| error.to_string())?;
                let outcome = ctl(&["import_definitions", &file.to_string_lossy()]);
                std::fs::remove_file(&file).map_err(|error| error.to_string())?;
                outcome
            }
        }
    }

    /// One request of the management API; a status other than 2xx is an error.
    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<(), String> {
        let Self::Management {
            authority,
            authorization,
            ..
        } = self
        else {
            return Err("there is no management API".to_owned());
        };
        let body = body.map(Value::to_string).unwrap_or_default();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {authority}\r\nAuthorization: {authorization}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let answer = exchange(authority, &(head + &body)).map_err(|error| format!("{authority}: {error}"))?;
        let status = answer.split(' ').nth(1).unwrap_or_default();
        if status.starts_with('2') {
            Ok(())
        } else {
            Err(format!("{method} {path}: {answer}"))
        }
    }
}

fn exchange(authority: &str, request: &str) -> std::io::Result<String> {
    let missing = || std::io::Error::other("the name has no address");
    let address = authority.to_socket_addrs()?.next().ok_or_else(missing)?;
    let mut stream = TcpStream::connect_timeout(&address, CONNECT_TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn ctl(arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("rabbitmqctl")
        .arg("--quiet")
        .args(arguments)
        .output()
        .map_err(|error| format!("neither the management API nor rabbitmqctl can be used: {error}"))?;
    if output.status.success() {
        Ok(())
    } else {
        let text = [output.stdout, output.stderr].concat();
        Err(format!(
            "rabbitmqctl {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&text)
        ))
    }
}
