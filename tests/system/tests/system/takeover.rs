//! Two projectors at one broker: whatever happens to the one at work, the other goes on within seconds, and nothing is
//! applied twice, left out or out of order.

use nix::sys::signal::Signal;
use serde_json::json;
use std::time::{Duration, Instant};
use system::receiver::Receiver;
use system::recorder::{Progress, check, work};
use system::{Detour, Shape, System};

/// A broker notices after two missed heartbeats that nobody is there any more; that is the slowest way.
const TAKEN_OVER: Duration = Duration::from_secs(30);
/// What clients do without a pause would take longer to check than to do.
const PAUSE: Duration = Duration::from_millis(15);
const CLIENTS: usize = 12;

/// Every way that a process has to the servers goes through here.
struct Ways {
    broker: bus::testing::TcpProxy,
    database: bus::testing::TcpProxy,
}

impl Ways {
    async fn open() -> Self {
        Self {
            broker: bus::testing::TcpProxy::to_broker(&bus::testing::broker_url()).await,
            database: bus::testing::TcpProxy::start(&database_server()).await,
        }
    }

    fn detour(&self) -> Detour {
        Detour {
            broker: Some(self.broker.address()),
            database: Some(self.database.address()),
        }
    }
}

fn database_server() -> String {
    let server = std::env::var("ROLLCALL_TEST_DATABASE_URL")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
    let server: url::Url = server.parse().unwrap();
    format!("{}:{}", server.host_str().unwrap(), server.port().unwrap_or(5432))
}

/// A fault of the projector at work, and its end.
enum Fault {
    Freeze,
    Kill,
    CutFromBroker,
    CutFromDatabase,
}

async fn two_projectors(fault: Fault) {
    let mut system = System::start(Shape::Separate).await;
    // The one that comes first is the one at work, so it has to be the one that can be cut off.
    system.process("projector").terminate().await;
    let ways = Ways::open().await;
    system.add("projector", "at-work", ways.detour()).await;
    let tenants = [
        system.tenant("contoso.example").await,
        system.tenant("fabrikam.example").await,
    ];
    system.add("projector", "standing-by", Detour::default()).await;
    let receiver = Receiver::start();
    system.subscribe(&receiver, subscription()).await;
    let progress = Progress::default();
    let faults = async {
        progress.wait_for_more(60).await;
        let began = Instant::now();
        match fault {
            Fault::Freeze => system.processes["at-work"].signal(Signal::SIGSTOP),
            Fault::Kill => system.processes.get_mut("at-work").unwrap().kill().await,
            Fault::CutFromBroker => ways.broker.block(),
            Fault::CutFromDatabase => ways.database.block(),
        }
        progress.wait_for_more(60).await;
        let taken_over = began.elapsed();
        match fault {
            Fault::Freeze => system.processes["at-work"].signal(Signal::SIGCONT),
            Fault::Kill => system.processes.get_mut("at-work").unwrap().start().await,
            Fault::CutFromBroker => ways.broker.restore(),
            Fault::CutFromDatabase => ways.database.restore(),
        }
        // The one that comes back must not disturb the one at work, nor what it thought it held the order.
        progress.wait_for_more(120).await;
        progress.stop();
        taken_over
    };
    let (lived, taken_over) = tokio::join!(work(&tenants, CLIENTS, PAUSE, &progress), faults);
    let (done, refused, unknown) = progress.counts();
    eprintln!("taken over in {taken_over:?}; {done} done, {refused} refused, {unknown} in doubt");
    let findings = check(&system, &tenants, &lived, &progress, &[(&receiver, true)]).await;
    findings.assert_none();
    assert!(taken_over < TAKEN_OVER, "the lane moved after {taken_over:?}");
    receiver.stop().await;
    system.clean().await;
}

fn subscription() -> serde_json::Value {
    json!({ "event_types": ["user.created", "user.updated", "user.deleted"], "ordered": true })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_projector_is_replaced_and_thawed_commits_nothing_more() {
    two_projectors(Fault::Freeze).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_projector_is_replaced() {
    two_projectors(Fault::Kill).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projector_cut_off_from_the_broker_is_replaced() {
    two_projectors(Fault::CutFromBroker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projector_cut_off_from_the_database_is_replaced() {
    two_projectors(Fault::CutFromDatabase).await;
}
