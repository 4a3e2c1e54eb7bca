//! A look at a broker that changes nothing there: for a person who asks how it fares.

use super::connection::{broker_error, message_count, parse_url};
use crate::BusError;
use crate::topology::{DEAD, DEAD_UNSTORED, commands_queue, dispatch_queue};
use lapin::{Connection, ConnectionProperties};
use std::time::Duration;

/// For the connection, and for each queue.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a queue of Rollcall's holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueDepth {
    /// Its name.
    pub name: String,
    /// Messages that wait in it; `None` where there is no such queue, which the services make when they start.
    pub messages: Option<u32>,
}

/// Connects to a broker and counts what waits in the queues of all lanes, then in those of what was parked. Declares nothing.
///
/// # Errors
/// When the broker cannot be reached, or refuses user or virtual host.
pub async fn look(url: &str, partitions: u16) -> Result<Vec<QueueDepth>, BusError> {
    let uri = parse_url(url)?;
    let properties = ConnectionProperties::default().with_connection_name("rollcall-doctor".into());
    let connection = tokio::time::timeout(PATIENCE, Connection::connect_uri(uri, properties))
        .await
        .map_err(|_| BusError::TimedOut)?
        .map_err(broker_error)?;
    let lanes = (0..partitions).flat_map(|lane| [commands_queue(lane), dispatch_queue(lane)]);
    let mut depths = Vec::new();
    for name in lanes.chain([DEAD, DEAD_UNSTORED].map(str::to_owned)) {
        let messages = tokio::time::timeout(PATIENCE, depth(&connection, &name))
            .await
            .map_err(|_| BusError::TimedOut)??;
        depths.push(QueueDepth { name, messages });
    }
    super::connection::close(&connection).await;
    Ok(depths)
}

/// A channel for each: the broker closes one on which a queue was asked for that is not there.
async fn depth(connection: &Connection, queue: &str) -> Result<Option<u32>, BusError> {
    let channel = connection.create_channel().await.map_err(broker_error)?;
    match message_count(&channel, queue).await {
        Ok(count) => Ok(Some(count)),
        Err(_) if connection.status().connected() => Ok(None),
        Err(error) => Err(broker_error(error)),
    }
}
