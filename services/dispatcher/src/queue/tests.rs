use super::*;

/// Numbers without a line.
impl Linked for u32 {
    fn link(&self) -> Option<ChainLink> {
        None
    }
}

fn limited(firsts: usize, per_endpoint: usize, waiting: usize) -> SendQueue<u32> {
    SendQueue::new(QueueLimits {
        firsts,
        retries: firsts,
        start: per_endpoint,
        most: per_endpoint,
        waiting,
        patience: BreakerLimits {
            failures: 5,
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(2),
        },
    })
}

fn queue() -> SendQueue<u32> {
    limited(100, 4, 1_000)
}

fn sent(queue: &mut SendQueue<u32>, now: Instant) -> Vec<u32> {
    std::iter::from_fn(|| match queue.next(now) {
        Next::Send(job, _) => Some(job),
        _ => None,
    })
    .collect()
}

#[test]
fn a_line_keeps_its_order_and_its_limit() {
    let (mut queue, id, now) = (queue(), EndpointId::new(), Instant::now());
    for job in 0..10 {
        queue.push(id, job, Class::First, false);
    }
    assert_eq!(sent(&mut queue, now), [0, 1, 2, 3]);
    assert_eq!(queue.next(now), Next::Idle);
    queue.finished(id, Class::First, None, EndpointHealth::Good, now);
    assert_eq!(sent(&mut queue, now), [4]);
    assert_eq!((queue.in_flight().0, queue.waiting()), (4, 5));
}

#[test]
fn endpoints_take_turns() {
    let (mut queue, now) = (queue(), Instant::now());
    let (busy, quiet) = (EndpointId::new(), EndpointId::new());
    for job in 0..5 {
        queue.push(busy, job, Class::First, false);
    }
    queue.push(quiet, 100, Class::First, false);
    assert_eq!(sent(&mut queue, now), [0, 100, 1, 2, 3]);
    queue.finished(busy, Class::First, None, EndpointHealth::Good, now);
    assert_eq!(sent(&mut queue, now), [4]);
}

#[test]
fn slots_that_get_scarce_are_shared() {
    let (mut queue, now) = (limited(8, 8, 1_000), Instant::now());
    for _ in 0..20 {
        let id = EndpointId::new();
        for job in 0..8 {
            queue.push(id, job, Class::First, false);
        }
    }
    let first = sent(&mut queue, now);
    assert_eq!(first, [0; 8], "one each, and the rest wait for a free one");
    let (mut alone, id) = (limited(8, 8, 1_000), EndpointId::new());
    for job in 0..8 {
        alone.push(id, job, Class::First, false);
    }
    assert_eq!(sent(&mut alone, now).len(), 2, "one endpoint never takes them all");
}

#[test]
fn the_share_of_an_overloaded_endpoint_is_halved_and_grows_by_one_with_each_success() {
    let (mut queue, id, now) = (limited(100, 8, 1_000), EndpointId::new(), Instant::now());
    for job in 0..40 {
        queue.push(id, job, Class::First, false);
    }
    assert_eq!(sent(&mut queue, now).len(), 8);
    for _ in 0..2 {
        queue.finished(id, Class::First, None, EndpointHealth::Overloaded, now);
    }
    for _ in 0..2 {
        queue.finished(id, Class::First, None, EndpointHealth::Bad, now);
    }
    assert_eq!(
        sent(&mut queue, now).len(),
        0,
        "two of eight, and four are still in flight"
    );
    for _ in 0..4 {
        queue.finished(id, Class::First, None, EndpointHealth::Neutral, now);
    }
    assert_eq!(sent(&mut queue, now).len(), 2);
    queue.finished(id, Class::First, None, EndpointHealth::Good, now);
    assert_eq!(sent(&mut queue, now).len(), 2, "three now, one was in flight");
    queue.finished(id, Class::First, None, EndpointHealth::Good, now);
    assert_eq!(sent(&mut queue, now).len(), 2);
    for _ in 0..9 {
        queue.finished(id, Class::First, None, EndpointHealth::Good, now);
    }
    assert_eq!(sent(&mut queue, now).len(), 8, "and never more than eight");
}

#[test]
fn retries_have_slots_of_their_own_and_do_not_stand_before_what_is_new() {
    let (mut queue, id, now) = (limited(100, 8, 1_000), EndpointId::new(), Instant::now());
    for job in 0..20 {
        queue.push(id, job, Class::Retry, false);
    }
    assert_eq!(sent(&mut queue, now), [0, 1], "a quarter of eight");
    for job in 100..120 {
        queue.push(id, job, Class::First, false);
    }
    assert_eq!(sent(&mut queue, now), (100..108).collect::<Vec<_>>());
    assert_eq!(queue.in_flight(), (8, 2));
    queue.finished(id, Class::Retry, None, EndpointHealth::Good, now);
    assert_eq!(sent(&mut queue, now), [2]);
}

#[test]
fn an_endpoint_that_only_fails_is_left_alone_and_tried_with_one_delivery_after_a_while() {
    let (mut queue, id, now) = (queue(), EndpointId::new(), Instant::now());
    for job in 0..12 {
        queue.push(id, job, Class::First, false);
    }
    let mut evicted = Vec::new();
    for _ in 0..5 {
        assert!(evicted.is_empty());
        sent(&mut queue, now);
        evicted = queue.finished(id, Class::First, None, EndpointHealth::Bad, now).evicted;
    }
    assert_eq!(evicted, [8, 9, 10, 11], "given back");
    assert_eq!((queue.room(id, now), queue.reserve(id, now)), ((0, 0), false));
    assert_eq!(queue.open_breakers(now), 1);
    for _ in 0..3 {
        assert!(
            !queue
                .finished(id, Class::First, None, EndpointHealth::Bad, now)
                .wants_more
        );
    }
    let later = now + Duration::from_secs(1);
    assert_eq!(queue.room(id, later), (1, 1), "a probe");
    queue.push(id, 20, Class::First, false);
    assert_eq!(queue.room(id, later), (0, 0));
    assert_eq!(sent(&mut queue, later), [20]);
    queue.finished(id, Class::First, None, EndpointHealth::Bad, later);
    assert_eq!(queue.room(id, later + Duration::from_secs(1)), (0, 0), "longer");
    let later = later + Duration::from_secs(2);
    queue.push(id, 21, Class::Retry, false);
    assert_eq!(sent(&mut queue, later), [21]);
    queue.finished(id, Class::Retry, None, EndpointHealth::Good, later);
    assert!(queue.room(id, later).0 > 1);
}

#[test]
fn what_does_not_fit_goes_through_the_database_until_that_is_empty() {
    let (mut queue, id, now) = (queue(), EndpointId::new(), Instant::now());
    let capacity = 4 * DEPTH_A_PLACE;
    for job in 0..u32::try_from(capacity).unwrap() {
        assert!(queue.reserve(id, now));
        queue.push(id, job, Class::First, true);
    }
    assert!(!queue.reserve(id, now));
    assert_eq!(queue.room(id, now).0, 0);
    sent(&mut queue, now);
    let mut asked = 0;
    while queue.in_flight().0 > 0 {
        asked += u32::from(
            queue
                .finished(id, Class::First, None, EndpointHealth::Good, now)
                .wants_more,
        );
        sent(&mut queue, now);
    }
    assert!(asked > 0, "the line asks for more before it is empty");
    assert!(
        !queue.reserve(id, now),
        "new deliveries stay behind those in the database"
    );
    assert_eq!(queue.room(id, now).0, capacity);
    let spills = queue.spills(id);
    queue.spill(id);
    queue.caught_up(id, true, spills);
    assert!(
        !queue.reserve(id, now),
        "more was spilled while the database was searched"
    );
    let spills = queue.spills(id);
    queue.caught_up(id, false, spills);
    assert!(!queue.reserve(id, now), "not everything was taken");
    queue.caught_up(id, true, spills);
    assert!(queue.reserve(id, now));
    assert_eq!(queue.room(id, now).0, 0, "what is reserved comes first");
    queue.cancel(id);
    assert_eq!((queue.waiting(), queue.room(id, now).0), (0, capacity));
}

#[test]
fn memory_is_bounded_over_all_endpoints() {
    let (mut queue, now) = (limited(10, 10, 3), Instant::now());
    assert!((0..3).all(|_| queue.reserve(EndpointId::new(), now)));
    let id = EndpointId::new();
    assert!(!queue.reserve(id, now));
    assert_eq!(queue.room(id, now).0, 0);
}

#[test]
fn many_busy_endpoints_overload_the_dispatcher_and_a_few_slow_ones_do_not() {
    let filled = |endpoints: usize, jobs: u32| {
        let mut queue = limited(64, 16, 400);
        for _ in 0..endpoints {
            let id = EndpointId::new();
            (0..jobs).for_each(|job| queue.push(id, job, Class::First, false));
        }
        sent(&mut queue, Instant::now());
        queue
    };
    assert!(!filled(2, 200).is_overloaded(), "slots are left for others");
    assert!(!filled(20, 5).is_overloaded(), "what waits is soon sent");
    let mut busy = filled(20, 20);
    assert!(busy.is_overloaded());
    busy.keep_only(&HashSet::new());
    assert!(!busy.is_overloaded(), "nothing waits any more");
}

#[test]
fn a_rate_limit_spaces_attempts_and_holds_nobody_else_up() {
    let (mut queue, now) = (queue(), Instant::now());
    let (slow, other) = (EndpointId::new(), EndpointId::new());
    queue.set_rate(slow, Some(10));
    for job in 0..3 {
        queue.push(slow, job, Class::First, false);
    }
    assert_eq!(sent(&mut queue, now), [0]);
    queue.push(other, 100, Class::First, false);
    assert_eq!(sent(&mut queue, now), [100]);
    let step = Duration::from_millis(100);
    assert_eq!(queue.next(now), Next::WaitUntil(now + step));
    assert_eq!(sent(&mut queue, now + step), [1]);
    assert_eq!(sent(&mut queue, now + step * 2), [2]);
    assert_eq!(queue.next(now + step * 3), Next::Idle);
}

#[test]
fn lines_of_endpoints_that_are_gone_are_emptied() {
    let (mut queue, now) = (queue(), Instant::now());
    let (gone, kept) = (EndpointId::new(), EndpointId::new());
    for job in 0..6 {
        queue.push(gone, job, Class::First, false);
    }
    queue.push(kept, 100, Class::First, false);
    assert_eq!(sent(&mut queue, now).len(), 5);
    assert_eq!(queue.keep_only(&HashSet::from([kept])), [4, 5]);
    for _ in 0..4 {
        queue.finished(gone, Class::First, None, EndpointHealth::Good, now);
    }
    queue.keep_only(&HashSet::from([kept]));
    assert_eq!(queue.lines.len(), 1);
    queue.push(kept, 101, Class::First, false);
    queue.push(kept, 102, Class::First, false);
    queue.remove(|job| *job == 101);
    assert_eq!(queue.close(), [102]);
    assert!(!queue.reserve(kept, now));
    assert_eq!(
        (queue.room(kept, now).0, queue.waiting(), queue.in_flight().0),
        (0, 0, 1)
    );
}
