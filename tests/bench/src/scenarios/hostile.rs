//! Requests of many parts, worked on in memory as the services do: from the bytes of the body to rows and event. Time for
//! each KiB sent, as requests grow: where work is beyond proportion, it rises along the row. Beside it what merely reading
//! the same bytes as JSON takes. Time is that of the CPU, so that a busy machine does not show.

#[path = "../../../../crates/directory/tests/hostile/inputs.rs"]
mod inputs;

use crate::report::{Table, fine, whole};
use inputs::Hostile;

/// Each is measured so often; the fastest counts, as it was disturbed least.
const TRIES: usize = 3;

/// Runs the scenario and prints its table.
pub(crate) fn run(parts: &[usize]) {
    let sizes: Vec<String> = parts.iter().map(|parts| format!("n={}", whole(*parts))).collect();
    let mut titles: Vec<&str> = sizes.iter().map(String::as_str).collect();
    titles.extend(["rises by", "JSON alone", "times", "request"]);
    let table = Table::new("requests of n parts, ms for each KiB of the body, in memory", &titles);
    for hostile in inputs::ALL {
        let measured: Vec<Measured> = parts.iter().map(|parts| measure(hostile, *parts)).collect();
        let (Some(first), Some(last)) = (measured.first(), measured.last()) else {
            return;
        };
        let mut cells: Vec<String> = measured.iter().map(|one| precise(one.work)).collect();
        cells.extend([
            fine(last.work / first.work),
            precise(last.json),
            fine(last.work / last.json),
            hostile.name.to_owned(),
        ]);
        table.row(&cells);
    }
}

/// Milliseconds for each KiB.
struct Measured {
    work: f64,
    json: f64,
}

fn measure(hostile: &Hostile, parts: usize) -> Measured {
    let mut best = Measured {
        work: f64::INFINITY,
        json: f64::INFINITY,
    };
    for _ in 0..TRIES {
        let request = (hostile.make)(parts);
        let kib = request.body.len() as f64 / 1024.0;
        let each = |began: f64| (spent() - began) * 1e3 / kib;
        let began = spent();
        drop(std::hint::black_box(serde_json::from_str::<serde_json::Value>(
            &request.body,
        )));
        best.json = best.json.min(each(began));
        let ready = request.ready();
        let began = spent();
        std::hint::black_box(ready.work());
        best.work = best.work.min(each(began));
    }
    best
}

/// Seconds that this thread has had of a CPU.
fn spent() -> f64 {
    // A thread that sleeps is accounted for; one that runs, only from time to time.
    std::thread::sleep(std::time::Duration::from_millis(1));
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

fn precise(number: f64) -> String {
    format!("{number:.4}")
}
