//! The exchanges, queues and bindings on the broker: one description, from which the services declare them and from
//! which the definitions file for the broker is written.

use serde_json::{Map, Value, json};

/// Direct exchange of the commands; the routing key is the lane number.
pub const COMMANDS: &str = "rollcall.commands";
/// Topic exchange of the events, for others to bind their own queues: an event a message, with the body that the webhook
/// has. The routing key is `<lane>.<type>`.
pub const EVENTS: &str = "rollcall.events";
/// Direct exchange of the same events, many in a message, for the dispatcher; the routing key is the lane number.
pub const DISPATCH: &str = "rollcall.dispatch";
/// Topic exchange and queue of what could not be processed.
pub const DEAD: &str = "rollcall.dead";
/// Queue of the dead letters that could not be kept anywhere else either. Nothing reads from it but people.
pub const DEAD_UNSTORED: &str = "rollcall.dead.unstored";
/// Messages with commands that may wait in a lane before further ones are refused: some seconds of the fastest projector.
pub const COMMANDS_MAX_LENGTH: u32 = 20_000;
/// How often a message may come back before it is parked in [`DEAD`].
pub const DELIVERY_LIMIT: u32 = 10;

/// The commands queue of a lane.
#[must_use]
pub fn commands_queue(lane: u16) -> String {
    format!("{COMMANDS}.{lane}")
}

/// The events queue of a lane, for the dispatcher.
#[must_use]
pub fn dispatch_queue(lane: u16) -> String {
    format!("{DISPATCH}.{lane}")
}

/// The RabbitMQ definitions file with everything that the services declare, for the default virtual host.
#[must_use]
pub fn definitions_json(partitions: u16) -> Value {
    let topology = Topology::new(partitions, COMMANDS_MAX_LENGTH);
    let exchanges: Vec<Value> = topology
        .exchanges
        .iter()
        .map(|exchange| {
            json!({"name": exchange.name, "vhost": "/", "type": exchange.kind.as_str(), "durable": true,
                   "auto_delete": false, "internal": false, "arguments": {}})
        })
        .collect();
    let queues: Vec<Value> = topology
        .queues
        .iter()
        .map(|queue| {
            let arguments: Map<String, Value> = queue
                .arguments
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.json()))
                .collect();
            json!({"name": queue.name, "vhost": "/", "durable": true, "auto_delete": false, "arguments": arguments})
        })
        .collect();
    let bindings: Vec<Value> = topology
        .bindings
        .iter()
        .map(|binding| {
            json!({"source": binding.exchange, "vhost": "/", "destination": binding.queue,
                   "destination_type": "queue", "routing_key": binding.key, "arguments": {}})
        })
        .collect();
    json!({"vhosts": [{"name": "/"}], "exchanges": exchanges, "queues": queues, "bindings": bindings})
}

/// Everything that is declared; all of it durable.
#[derive(Debug)]
pub(crate) struct Topology {
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) queues: Vec<Queue>,
    pub(crate) bindings: Vec<Binding>,
    /// What earlier versions bound: each event would come a second time, by itself.
    pub(crate) unbound: Vec<Binding>,
}

#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) name: &'static str,
    pub(crate) kind: ExchangeType,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum ExchangeType {
    Direct,
    Topic,
}

impl ExchangeType {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Topic => "topic",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) name: String,
    pub(crate) arguments: Vec<(&'static str, Argument)>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Argument {
    Text(&'static str),
    Number(u32),
    Flag(bool),
}

impl Argument {
    fn json(self) -> Value {
        match self {
            Self::Text(text) => text.into(),
            Self::Number(number) => number.into(),
            Self::Flag(flag) => flag.into(),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Binding {
    pub(crate) exchange: &'static str,
    pub(crate) queue: String,
    pub(crate) key: String,
}

impl Topology {
    pub(crate) fn new(partitions: u16, commands_max_length: u32) -> Self {
        let exchanges = vec![
            Exchange {
                name: DEAD,
                kind: ExchangeType::Topic,
            },
            Exchange {
                name: COMMANDS,
                kind: ExchangeType::Direct,
            },
            Exchange {
                name: EVENTS,
                kind: ExchangeType::Topic,
            },
            Exchange {
                name: DISPATCH,
                kind: ExchangeType::Direct,
            },
        ];
        // The queue of dead letters comes first: with at-least-once dead-lettering, a letter without a route stays in
        // the queue it came from.
        let dead = |name: &str| Queue {
            name: name.to_owned(),
            arguments: vec![QUORUM],
        };
        let mut queues = vec![dead(DEAD), dead(DEAD_UNSTORED)];
        let mut bindings = vec![Binding {
            exchange: DEAD,
            queue: DEAD.to_owned(),
            key: "#".to_owned(),
        }];
        let mut unbound = Vec::new();
        for lane in 0..partitions {
            let mut arguments = lane_arguments();
            arguments.push(("x-max-length", Argument::Number(commands_max_length)));
            queues.push(Queue {
                name: commands_queue(lane),
                arguments,
            });
            queues.push(Queue {
                name: dispatch_queue(lane),
                arguments: lane_arguments(),
            });
            bindings.push(Binding {
                exchange: COMMANDS,
                queue: commands_queue(lane),
                key: lane.to_string(),
            });
            bindings.push(Binding {
                exchange: DISPATCH,
                queue: dispatch_queue(lane),
                key: lane.to_string(),
            });
            unbound.push(Binding {
                exchange: EVENTS,
                queue: dispatch_queue(lane),
                key: format!("{lane}.#"),
            });
        }
        Self {
            exchanges,
            queues,
            bindings,
            unbound,
        }
    }
}

const QUORUM: (&str, Argument) = ("x-queue-type", Argument::Text("quorum"));

/// `reject-publish` is what at-least-once dead-lettering asks for. Events have no maximum length: they are committed
/// already, and the dispatcher falling behind must not hold up their publisher.
fn lane_arguments() -> Vec<(&'static str, Argument)> {
    vec![
        QUORUM,
        ("x-single-active-consumer", Argument::Flag(true)),
        ("x-delivery-limit", Argument::Number(DELIVERY_LIMIT)),
        ("x-dead-letter-exchange", Argument::Text(DEAD)),
        ("x-dead-letter-strategy", Argument::Text("at-least-once")),
        ("x-overflow", Argument::Text("reject-publish")),
    ]
}
