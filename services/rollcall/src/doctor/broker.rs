//! The bus.

use super::findings::Findings;
use super::network;
use bus::QueueDepth;
use bus::topology::{COMMANDS_MAX_LENGTH, DEAD, DEAD_UNSTORED};
use runtime::Settings;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use url::Url;

/// A queue that is so full takes nothing soon.
const FULL: u32 = COMMANDS_MAX_LENGTH / 2;

/// Looks at it; declares nothing.
pub(super) async fn look(settings: &Settings, management: Option<&Url>, findings: &mut Findings) {
    if settings.bus_is_embedded() {
        return findings.ok("bus", "inside the process of `rollcall serve`");
    }
    let text = settings.bus_url.expose_secret();
    match bus::look(text, settings.partitions.get()).await {
        Ok(depths) => queues(&depths, findings),
        Err(error) => {
            let said = telemetry::chain(&error).to_string();
            findings.fail(
                "bus",
                said,
                "see that the broker runs, and that ROLLCALL_BUS_URL names it, its user and its virtual host",
            );
        }
    }
    let Ok(url) = text.parse::<Url>() else { return };
    let base = match management {
        Some(given) => Some(given.clone()),
        None => url
            .host_str()
            .and_then(|host| format!("http://{host}:15672").parse().ok()),
    };
    if let Some(base) = base {
        broker(&base, &url, management.is_some(), findings).await;
    }
}

/// Whether a queue holds what nobody processes.
fn is_dead(queue: &QueueDepth) -> bool {
    [DEAD, DEAD_UNSTORED].contains(&queue.name.as_str())
}

fn queues(depths: &[QueueDepth], findings: &mut Findings) {
    let missing = depths.iter().filter(|queue| queue.messages.is_none()).count();
    let waiting: u64 = depths
        .iter()
        .filter(|queue| !is_dead(queue))
        .filter_map(|queue| queue.messages)
        .map(u64::from)
        .sum();
    if missing > 0 {
        let said = format!("the broker answers; {missing} of {} queues are not there", depths.len());
        findings.warn("bus", said, "the services make them when they start");
    } else {
        findings.ok(
            "bus",
            format!(
                "the broker answers; {waiting} messages wait in {} queues",
                depths.iter().filter(|queue| !is_dead(queue)).count()
            ),
        );
    }
    for full in depths
        .iter()
        .filter(|queue| !is_dead(queue) && queue.messages.is_some_and(|count| count > FULL))
    {
        let said = format!("{} messages wait in {}", full.messages.unwrap_or_default(), full.name);
        findings.warn(
            "bus",
            said,
            "see that a projector and a dispatcher run, and what their logs say",
        );
    }
    let in_queue = |name: &str| {
        let queue = depths.iter().find(|queue| queue.name == name);
        queue.and_then(|queue| queue.messages)
    };
    match in_queue(DEAD) {
        Some(0) => findings.ok("dead letters", "none wait in the broker"),
        Some(count) => findings.warn(
            "dead letters",
            format!("{count} messages could not be processed and wait in {DEAD}"),
            "see that rollcall-admin runs: it takes them from there within seconds and keeps them",
        ),
        None => {}
    }
    if let Some(count @ 1..) = in_queue(DEAD_UNSTORED) {
        findings.warn(
            "dead letters",
            format!("{count} messages could not be processed, nor stored, and stay in {DEAD_UNSTORED}"),
            "the log of rollcall-admin says why; move them to another queue or purge it when they are looked at",
        );
    }
}

/// Version, alarms and clock, by the broker's own management API.
async fn broker(base: &Url, bus: &Url, was_named: bool, findings: &mut Findings) {
    let Ok(client) = network::client() else { return };
    let user = percent_encoding::percent_decode_str(bus.username())
        .decode_utf8_lossy()
        .into_owned();
    let password = bus.password().map(|text| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8_lossy()
            .into_owned()
    });
    let ask = |path: &str| {
        let url = base.join(path).unwrap_or_else(|_| base.clone());
        client.get(url).basic_auth(user.clone(), password.clone()).send()
    };
    let began = events::Timestamp::now();
    let overview = match ask("/api/overview").await {
        Ok(answer) if answer.status().is_success() => answer,
        other => {
            let said = match other {
                Ok(answer) => format!("the broker's management API answers {}", answer.status().as_u16()),
                Err(_) => format!("the broker's management API does not answer at {base}"),
            };
            if was_named {
                findings.warn(
                    "broker",
                    said,
                    "see that the management plugin is on, and that the user has the tag `monitoring`",
                );
            } else {
                findings.ok(
                    "broker",
                    format!("{said}: version and alarms are not known (--bus-management-url)"),
                );
            }
            return;
        }
    };
    network::clock(overview.headers(), began, "the broker", findings);
    let overview: Value = overview.json().await.unwrap_or_default();
    let version = overview["rabbitmq_version"]
        .as_str()
        .unwrap_or("of an unknown version")
        .to_owned();
    match ask("/api/health/checks/alarms").await {
        Ok(answer) if answer.status().is_success() => findings.ok("broker", format!("RabbitMQ {version}, no alarms")),
        Ok(answer) if answer.status().as_u16() == 503 => findings.fail(
            "broker",
            format!("RabbitMQ {version} has alarms: it takes no messages"),
            "give it memory or room on its disk; `rabbitmq-diagnostics alarms` says which",
        ),
        _ => findings.ok("broker", format!("RabbitMQ {version}; alarms are not known")),
    }
}
