//! What becomes of those who ask, at the ends of the work.

use super::Gathered;
use crate::StoreError;
use crate::testing::TestDatabase;
use db::Database;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, yield_now};

/// Something is wrong where anybody waits longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What becomes of a write with this in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Written,
    Refused,
    Away,
    Panics,
}

/// What somebody wants written.
#[derive(Clone)]
struct Asked {
    number: u32,
    fate: Fate,
    outside: Arc<Outside>,
}

/// Where it is written.
struct Outside {
    /// The numbers, by write.
    written: Mutex<Vec<Vec<u32>>>,
    /// Writes that began.
    begun: Semaphore,
    /// Writes that may end.
    may_end: Semaphore,
}

fn write(_: Database, asked: Vec<Asked>) -> Pin<Box<dyn Future<Output = Result<Vec<u32>, StoreError>> + Send>> {
    Box::pin(async move {
        let outside = Arc::clone(&asked[0].outside);
        outside.begun.add_permits(1);
        outside.may_end.acquire().await.unwrap().forget();
        let has = |fate| asked.iter().any(|one| one.fate == fate);
        assert!(!has(Fate::Panics), "as a defect would");
        if has(Fate::Away) {
            return Err(StoreError::no_connection());
        }
        if has(Fate::Refused) {
            return Err(StoreError::Defect("one is wrong".to_owned()));
        }
        let numbers: Vec<u32> = asked.iter().map(|one| one.number).collect();
        outside.written.lock().unwrap().push(numbers.clone());
        Ok(numbers)
    })
}

struct World {
    db: TestDatabase,
    gathered: Arc<Gathered<Asked, u32>>,
    outside: Arc<Outside>,
}

impl World {
    /// So many writes may end at once.
    async fn new(may_end: usize) -> Self {
        Self {
            db: TestDatabase::sqlite().await,
            gathered: Gathered::new(write),
            outside: Arc::new(Outside {
                written: Mutex::default(),
                begun: Semaphore::new(0),
                may_end: Semaphore::new(may_end),
            }),
        }
    }

    fn ask(&self, number: u32, fate: Fate) -> JoinHandle<Result<u32, StoreError>> {
        let (gathered, database) = (Arc::clone(&self.gathered), self.db.database.clone());
        let asked = Asked {
            number,
            fate,
            outside: Arc::clone(&self.outside),
        };
        tokio::spawn(async move { gathered.ask(&database, asked).await })
    }

    /// The first is being written, and these wait.
    async fn ask_behind(&self, first: Fate, others: &[Fate]) -> Vec<JoinHandle<Result<u32, StoreError>>> {
        let mut asked = vec![self.ask(0, first)];
        self.outside.begun.acquire().await.unwrap().forget();
        for (number, fate) in (1..).zip(others) {
            asked.push(self.ask(number, *fate));
            while self.gathered.line().waiting.len() < asked.len() - 1 {
                yield_now().await;
            }
        }
        asked
    }

    fn written(&self) -> Vec<Vec<u32>> {
        self.outside.written.lock().unwrap().clone()
    }
}

async fn answered(asked: JoinHandle<Result<u32, StoreError>>) -> Result<u32, StoreError> {
    tokio::time::timeout(PATIENCE, asked).await.expect("an answer").unwrap()
}

#[tokio::test]
async fn those_who_come_while_one_is_written_travel_together_in_their_order() {
    let world = World::new(0).await;
    let asked = world.ask_behind(Fate::Written, &[Fate::Written; 3]).await;
    world.outside.may_end.add_permits(2);
    for (number, one) in (0..).zip(asked) {
        assert_eq!(answered(one).await.unwrap(), number);
    }
    assert_eq!(world.written(), [vec![0], vec![1, 2, 3]]);
    world.db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_asks_just_as_the_work_ends_is_written_once() {
    const TASKS: u32 = 8;
    const ROUNDS: u32 = 500;
    let world = World::new(Semaphore::MAX_PERMITS).await;
    // Each asks again as soon as there is an answer, which is when whoever writes looks for more, or stops.
    let tasks = (0..TASKS).map(|task| {
        let (gathered, database) = (Arc::clone(&world.gathered), world.db.database.clone());
        let outside = Arc::clone(&world.outside);
        tokio::spawn(async move {
            for round in 0..ROUNDS {
                let asked = Asked {
                    number: task * ROUNDS + round,
                    fate: Fate::Written,
                    outside: Arc::clone(&outside),
                };
                let number = asked.number;
                assert_eq!(gathered.ask(&database, asked).await.unwrap(), number);
            }
        })
    });
    let tasks: Vec<_> = tasks.collect();
    for task in tasks {
        tokio::time::timeout(PATIENCE, task).await.expect("an answer").unwrap();
    }
    let mut written = world.written().concat();
    written.sort_unstable();
    assert_eq!(written, (0..TASKS * ROUNDS).collect::<Vec<_>>());
    assert!(!world.gathered.line().is_written, "nobody writes any more");
    world.db.close().await;
}

#[tokio::test]
async fn while_the_database_is_away_everybody_is_told_and_afterwards_it_goes_on() {
    let world = World::new(0).await;
    let first = world.ask_behind(Fate::Away, &[Fate::Written; 3]).await;
    world.outside.may_end.add_permits(1);
    for one in first {
        let error = answered(one).await.unwrap_err();
        assert!(error.is_transient(), "who asks again gets on: {error}");
    }
    let together = world.ask_behind(Fate::Written, &[Fate::Written, Fate::Away]).await;
    world.outside.may_end.add_permits(2);
    let mut outcomes = Vec::new();
    for one in together {
        outcomes.push(answered(one).await.map_err(|error| error.is_transient()));
    }
    assert_eq!(outcomes, [Ok(0), Err(true), Err(true)]);
    assert_eq!(world.written(), [[0]], "none of those who were told no was written");
    world.outside.may_end.add_permits(1);
    assert_eq!(answered(world.ask(7, Fate::Written)).await.unwrap(), 7);
    world.db.close().await;
}

#[tokio::test]
async fn what_one_asks_for_fails_no_other() {
    let world = World::new(0).await;
    let asked = world
        .ask_behind(Fate::Written, &[Fate::Written, Fate::Refused, Fate::Written])
        .await;
    world.outside.may_end.add_permits(100);
    let mut outcomes = Vec::new();
    for one in asked {
        outcomes.push(answered(one).await.map_err(|error| error.is_transient()));
    }
    assert_eq!(outcomes, [Ok(0), Ok(1), Err(false), Ok(3)]);
    assert_eq!(world.written(), [[0], [1], [3]]);
    world.db.close().await;
}

#[tokio::test]
async fn who_went_away_before_it_began_is_not_written() {
    let world = World::new(0).await;
    let mut asked = world.ask_behind(Fate::Written, &[Fate::Written; 3]).await;
    let gone = asked.remove(2);
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    world.outside.may_end.add_permits(2);
    for one in asked {
        answered(one).await.unwrap();
    }
    assert_eq!(world.written(), [vec![0], vec![1, 3]]);
    world.db.close().await;
}

#[tokio::test]
async fn a_write_that_breaks_off_leaves_nobody_waiting() {
    let world = World::new(0).await;
    let asked = world.ask_behind(Fate::Panics, &[Fate::Written; 2]).await;
    world.outside.may_end.add_permits(100);
    for one in asked {
        assert!(answered(one).await.unwrap_err().is_transient());
    }
    assert_eq!(answered(world.ask(7, Fate::Written)).await.unwrap(), 7);
    assert_eq!(world.written(), [[7]]);
    world.db.close().await;
}
