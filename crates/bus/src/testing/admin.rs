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
pub(super) enum BrokerAdmin {
    Management {
        authority: String,
        authorization: String,
        user: String,
    },
    Ctl {
        user: String,
    },
}

impl BrokerAdmin {
    pub(super) fn find(broker: &Url) -> Self {
        let named = std::env::var("ROLLCALL_TEST_BUS_MANAGEMENT_URL").ok();
        let authority = named
            .and_then(|url| url.parse::<Url>().ok())
            .map_or_else(|| format!("{}:15672", host(broker)), |url| url.authority().to_owned());
        Self::at(broker, authority)
    }

    /// The management API at `authority` when it is that of the broker under test: beside that one there may be another,
    /// whose API has the usual port. Else `rabbitmqctl`.
    fn at(broker: &Url, authority: String) -> Self {
        let user = if broker.username().is_empty() {
            "guest"
        } else {
            broker.username()
        }
        .to_owned();
        let credentials = format!("{user}:{}", broker.password().unwrap_or("guest"));
        let authorization = format!("Basic {}", STANDARD.encode(credentials));
        let found = Self::Management {
            authority,
            authorization,
            user: user.clone(),
        };
        let told = found.call("GET", "/api/overview", None).ok().and_then(|overview| {
            let overview: Value = serde_json::from_str(&overview).ok()?;
            overview["cluster_name"].as_str().map(str::to_owned)
        });
        if told.is_some() && told == cluster_name(broker) {
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
                    .map(drop)
            }
            Self::Ctl { user } => {
                ctl(&["add_vhost", name])?;
                ctl(&["set_permissions", "-p", name, user, ".*", ".*", ".*"])
            }
        }
    }

    pub(super) fn delete_vhost(&self, name: &str) -> Result<(), String> {
        match self {
            Self::Management { .. } => self.call("DELETE", &format!("/api/vhosts/{name}"), None).map(drop),
            Self::Ctl { .. } => ctl(&["delete_vhost", name]),
        }
    }

    pub(super) fn set_policy(&self, vhost: &str, name: &str, pattern: &str, definition: &Value) -> Result<(), String> {
        match self {
            Self::Management { .. } => {
                let body = json!({"pattern": pattern, "definition": definition, "apply-to": "queues"});
                self.call("PUT", &format!("/api/policies/{vhost}/{name}"), Some(&body))
                    .map(drop)
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
            Self::Management { .. } => self.call("POST", "/api/definitions", Some(definitions)).map(drop),
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

    /// The body of the answer to one request of the management API; a status other than 2xx is an error.
    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<String, String> {
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
            let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
            Ok(body.to_owned())
        } else {
            Err(format!("{method} {path}: {answer}"))
        }
    }
}

fn host(broker: &Url) -> &str {
    broker.host_str().unwrap_or("127.0.0.1")
}

fn connect(authority: &str) -> std::io::Result<TcpStream> {
    let missing = || std::io::Error::other("the name has no address");
    let address = authority.to_socket_addrs()?.next().ok_or_else(missing)?;
    let stream = TcpStream::connect_timeout(&address, CONNECT_TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    Ok(stream)
}

/// The name of the broker's cluster, which it tells everybody before they log in: a long string among the server
/// properties of `connection.start` (AMQP 0-9-1 §1.4.2.1).
fn cluster_name(broker: &Url) -> Option<String> {
    const NAME: &[u8] = b"\x0ccluster_nameS";
    let mut stream = connect(&format!("{}:{}", host(broker), broker.port().unwrap_or(5672))).ok()?;
    stream.write_all(b"AMQP\0\0\x09\x01").ok()?;
    // A frame: type, channel, length of the payload.
    let mut head = [0; 7];
    stream.read_exact(&mut head).ok()?;
    let length = u32::from_be_bytes(*head.last_chunk()?);
    let mut payload = Vec::new();
    stream.take(length.into()).read_to_end(&mut payload).ok()?;
    let at = payload.windows(NAME.len()).position(|window| window == NAME)? + NAME.len();
    let (length, rest) = payload.get(at..)?.split_first_chunk()?;
    let name = rest.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    String::from_utf8(name.to_vec()).ok()
}

fn exchange(authority: &str, request: &str) -> std::io::Result<String> {
    let mut stream = connect(authority)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// Answers one request as the management API of a broker with this cluster name.
    fn management(cluster: &str) -> (String, std::thread::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let body = json!({ "cluster_name": cluster }).to_string();
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let served = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4_096];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        (address, served)
    }

    #[test]
    fn the_management_api_of_another_broker_is_not_taken_for_that_of_the_broker_under_test() {
        let broker: Url = crate::testing::broker_url().parse().unwrap();
        let own = cluster_name(&broker).expect("a broker tells the name of its cluster");
        for (cluster, taken) in [(own.as_str(), true), ("rabbit@another", false)] {
            let (address, served) = management(cluster);
            let admin = BrokerAdmin::at(&broker, address);
            served.join().unwrap();
            assert_eq!(
                matches!(admin, BrokerAdmin::Management { .. }),
                taken,
                "{cluster}: {admin:?}"
            );
        }
    }
}
