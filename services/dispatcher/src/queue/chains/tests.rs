use super::super::{BreakerLimits, EndpointHealth, Next, QueueLimits};
use super::*;
use std::time::Duration;

/// A delivery about somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct About(ChainLink);

impl Linked for About {
    fn link(&self) -> Option<ChainLink> {
        Some(self.0)
    }
}

/// A queue of one endpoint, and somebody whose deliveries it gets.
struct World {
    queue: SendQueue<About>,
    id: EndpointId,
    subject: ResourceId,
    now: Instant,
}

impl World {
    fn new(waiting: usize) -> Self {
        let limits = QueueLimits {
            firsts: 100,
            retries: 100,
            start: 4,
            most: 4,
            waiting,
            patience: BreakerLimits {
                failures: 2,
                first_pause: Duration::from_secs(1),
                longest_pause: Duration::from_secs(1),
            },
        };
        Self {
            queue: SendQueue::new(limits),
            id: EndpointId::new(),
            subject: ResourceId::new(),
            now: Instant::now(),
        }
    }

    fn about(&self, count: usize) -> Vec<About> {
        let subject = self.subject;
        let link = |_| ChainLink {
            subject,
            delivery: DeliveryId::new(),
        };
        (0..count).map(link).map(About).collect()
    }

    fn plan(&mut self, job: About) -> ChainTurn {
        self.queue.plan(self.id, job.0, self.now)
    }

    fn stored(&mut self, job: About) -> Option<About> {
        self.queue.stored(self.id, job.0, Some(job))
    }

    /// The database handed out the first, and what follows it.
    fn claimed(&mut self, jobs: &[About], goes_on: bool) -> Vec<About> {
        let (first, rest) = jobs.split_first().unwrap();
        self.queue
            .push_chain(self.id, *first, Class::First, rest.to_vec(), goes_on)
    }

    fn sent(&mut self) -> Vec<About> {
        std::iter::from_fn(|| match self.queue.next(self.now) {
            Next::Send(job, _) => Some(job),
            _ => None,
        })
        .collect()
    }

    /// The answer to one; what is to be given back.
    fn answered(&mut self, job: About, health: EndpointHealth) -> Vec<About> {
        let finished = self
            .queue
            .finished(self.id, Class::First, Some(job.0), health, self.now);
        [finished.evicted, finished.astray].concat()
    }

    fn is_forgotten(&mut self) -> bool {
        self.queue.line(self.id).chains.is_empty() && self.queue.waiting() == 0
    }
}

#[test]
fn each_is_sent_when_the_one_before_it_has_succeeded() {
    let mut world = World::new(1_000);
    let jobs = world.about(3);
    assert!(world.claimed(&jobs, false).is_empty());
    assert_eq!(world.queue.waiting(), 3);
    for job in jobs {
        assert_eq!(world.sent(), [job]);
        assert!(world.answered(job, EndpointHealth::Good).is_empty());
        world.queue.recorded(world.id, job.0);
    }
    assert!(world.sent().is_empty() && world.is_forgotten());
}

#[test]
fn after_a_failure_the_rest_is_given_back_and_nothing_joins() {
    for health in [EndpointHealth::Neutral, EndpointHealth::Bad, EndpointHealth::Overloaded] {
        let mut world = World::new(1_000);
        let jobs = world.about(4);
        world.claimed(&jobs[..3], false);
        world.sent();
        assert_eq!(world.answered(jobs[0], health), jobs[1..3]);
        assert_eq!(world.plan(jobs[3]), ChainTurn::Left, "its record is not written");
        world.queue.recorded(world.id, jobs[0].0);
        assert!(world.is_forgotten() && world.sent().is_empty());
    }
}

#[test]
fn new_ones_join_behind_the_last_that_is_stored() {
    let mut world = World::new(1_000);
    let jobs = world.about(5);
    assert_eq!(world.plan(jobs[0]), ChainTurn::First);
    assert_eq!(world.plan(jobs[1]), ChainTurn::Behind(None), "in the same batch");
    assert!(world.stored(jobs[0]).is_none() && world.stored(jobs[1]).is_none());
    assert_eq!(world.sent(), [jobs[0]]);
    let last = Some(jobs[1].0.delivery);
    assert_eq!(world.plan(jobs[2]), ChainTurn::Behind(last));
    assert_eq!(
        world.plan(jobs[3]),
        ChainTurn::Behind(last),
        "the same for a whole batch"
    );
    world.answered(jobs[0], EndpointHealth::Good);
    assert_eq!(world.sent(), [jobs[1]]);
    world.answered(jobs[1], EndpointHealth::Good);
    assert!(world.sent().is_empty(), "the next one is not stored yet");
    assert!(world.stored(jobs[2]).is_none() && world.stored(jobs[3]).is_none());
    assert_eq!(world.sent(), [jobs[2]], "at once, and one at a time");
    world.answered(jobs[2], EndpointHealth::Good);
    assert_eq!(world.sent(), [jobs[3]]);
    world.answered(jobs[3], EndpointHealth::Good);
    let last = Some(jobs[3].0.delivery);
    assert_eq!(
        world.plan(jobs[4]),
        ChainTurn::Behind(last),
        "as long as its record is not written"
    );
}

#[test]
fn what_is_stored_after_its_chain_has_ended_is_given_back() {
    let mut world = World::new(1_000);
    let jobs = world.about(2);
    world.claimed(&jobs[..1], false);
    world.sent();
    assert_eq!(world.plan(jobs[1]), ChainTurn::Behind(Some(jobs[0].0.delivery)));
    assert!(world.answered(jobs[0], EndpointHealth::Bad).is_empty());
    assert_eq!(world.stored(jobs[1]), Some(jobs[1]));
    world.queue.recorded(world.id, jobs[0].0);
    assert!(world.is_forgotten());
}

#[test]
fn behind_what_is_left_to_the_database_nothing_joins_and_its_turn_is_waited_for() {
    let mut world = World::new(1_000);
    let jobs = world.about(4);
    world.claimed(&jobs[..1], false);
    world.sent();
    assert!(!world.queue.is_waited_for(world.id, jobs[0].0));
    assert_eq!(world.plan(jobs[1]), ChainTurn::Behind(Some(jobs[0].0.delivery)));
    // Somebody else's delivery was between.
    world.queue.unplan(world.id, jobs[1].0, true);
    assert_eq!(world.plan(jobs[2]), ChainTurn::Left);
    assert!(world.queue.is_waited_for(world.id, jobs[0].0));
    world.answered(jobs[0], EndpointHealth::Good);
    // Handed out before the record of the one before is known to be written.
    world.claimed(&jobs[1..3], true);
    world.queue.recorded(world.id, jobs[0].0);
    assert_eq!(world.sent(), [jobs[1]]);
    assert!(
        !world.queue.is_waited_for(world.id, jobs[1].0),
        "another one is in hand"
    );
    world.answered(jobs[1], EndpointHealth::Good);
    assert_eq!(world.sent(), [jobs[2]]);
    assert!(world.queue.is_waited_for(world.id, jobs[2].0));
    assert_eq!(world.plan(jobs[3]), ChainTurn::Left, "the line goes on there");
}

#[test]
fn what_could_not_be_stored_leaves_the_chain_as_it_was() {
    let mut world = World::new(1_000);
    let jobs = world.about(3);
    assert_eq!(world.plan(jobs[0]), ChainTurn::First);
    assert_eq!(world.plan(jobs[1]), ChainTurn::Behind(None));
    for job in &jobs[..2] {
        world.queue.unplan(world.id, job.0, false);
    }
    assert!(world.is_forgotten());
    assert_eq!(world.plan(jobs[2]), ChainTurn::First);
}

#[test]
fn who_fails_gets_followers_step_by_step() {
    let mut world = World::new(10_000);
    let jobs = world.about(5);
    let reach = |world: &mut World| world.queue.reach(world.id, ResourceId::new(), 0, world.now);
    assert_eq!(reach(&mut world), FIRST_FOLLOWERS);
    world.answered(jobs[0], EndpointHealth::Neutral);
    assert_eq!(reach(&mut world), 0);
    for expected in [1, 2, 4] {
        world.answered(jobs[0], EndpointHealth::Good);
        assert_eq!(reach(&mut world), expected);
    }
    for _ in 0..10 {
        world.answered(jobs[0], EndpointHealth::Good);
    }
    assert_eq!(reach(&mut world), MOST_FOLLOWERS);
}

#[test]
fn followers_leave_room_for_others() {
    let mut world = World::new(40);
    let jobs = world.about(30);
    for _ in 0..2 {
        world.answered(jobs[29], EndpointHealth::Good);
    }
    world.claimed(&jobs[..18], false);
    assert_eq!(world.plan(jobs[18]), ChainTurn::Behind(Some(jobs[17].0.delivery)));
    assert_eq!(world.plan(jobs[19]), ChainTurn::Behind(Some(jobs[17].0.delivery)));
    assert_eq!(world.plan(jobs[20]), ChainTurn::Left, "half of the places");
    let (other, now) = (EndpointId::new(), world.now);
    assert!(world.queue.reserve(world.id, now) && world.queue.reserve(other, now));
    assert_eq!(world.queue.reach(other, ResourceId::new(), 0, now), 0);
}

#[test]
fn chains_go_with_what_is_taken_out_of_the_queue() {
    let taken_out = |take: fn(&mut World, &[About]) -> Vec<About>| {
        let mut world = World::new(1_000);
        let jobs = world.about(3);
        world.claimed(&jobs, false);
        let mut given_back = take(&mut world, &jobs);
        let order = |job: &About| jobs.iter().position(|other| other == job);
        given_back.sort_by_key(order);
        for job in &given_back {
            world.queue.recorded(world.id, job.0);
        }
        assert!(world.is_forgotten());
        given_back.iter().map(order).collect::<Option<Vec<_>>>().unwrap()
    };
    assert_eq!(taken_out(|world, _| world.queue.close()), [0, 1, 2]);
    assert_eq!(
        taken_out(|world, _| {
            let (id, now) = (world.id, world.now);
            let finished = (0..2).map(|_| world.queue.finished(id, Class::First, None, EndpointHealth::Bad, now));
            finished.flat_map(|finished| finished.evicted).collect()
        }),
        [0, 1, 2],
        "the endpoint is left alone"
    );
    assert_eq!(
        taken_out(|world, jobs| world.queue.remove(|job| *job == jobs[0])),
        [1, 2]
    );
    let lost_in_the_middle = |world: &mut World, jobs: &[About]| {
        let mut given_back = world.queue.remove(|job| *job == jobs[1]);
        given_back.extend(world.queue.close());
        given_back
    };
    assert_eq!(taken_out(lost_in_the_middle), [0, 2]);
}
