//! Budgets, turns and rest, by a clock that stands until it is moved.

use super::*;
use crate::testing::ManualClock;
use futures_util::FutureExt as _;
use proptest::prelude::*;
use std::pin::Pin;

type Waiting<'t> = Pin<Box<dyn Future<Output = Result<(), Refused>> + 't>>;

fn now() -> Timestamp {
    "2026-11-30T12:00:00Z".parse().unwrap()
}

fn account(tenant: u128) -> Account {
    Account {
        root: "https://graph.example".to_owned(),
        client_id: Uuid::nil(),
        tenant: Uuid::from_u128(tenant),
    }
}

fn throttle() -> (Throttle, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::standing(now()));
    (Throttle::new(clock.clone()), clock)
}

fn admit(throttle: &Throttle, tenant: u128, cost: u32, priority: Priority) -> Waiting<'_> {
    Box::pin(async move {
        throttle
            .admit(&account(tenant), TenantSize::Large, cost, priority)
            .await
    })
}

/// Whether it was let through by now.
fn is_through(waiting: &mut Waiting<'_>) -> bool {
    waiting.now_or_never().is_some_and(|result| result.is_ok())
}

/// Units that one tenant gets in this time, if it always wants more.
fn units_in(size: TenantSize, time: Duration) -> u32 {
    let (throttle, clock) = throttle();
    let (mut units, step) = (0, Duration::from_millis(10));
    let mut left = time;
    let one = account(1);
    loop {
        let mut waiting = Box::pin(throttle.admit(&one, size, 1, Priority::Normal));
        while (&mut waiting).now_or_never().is_none() {
            if left.is_zero() {
                return units;
            }
            clock.advance(step);
            left = left.saturating_sub(step);
        }
        units += 1;
    }
}

#[test]
fn no_ten_seconds_have_more_units_than_graph_gives_a_tenant_and_not_far_fewer() {
    for (users, limit) in [(0, 3_500), (50, 5_000), (501, 8_000)] {
        let units = units_in(TenantSize::of(users), Duration::from_secs(10));
        assert!(units <= limit && units > limit * 8 / 10, "{units} of {limit}");
    }
}

#[test]
fn a_tenant_that_has_used_up_its_budget_delays_no_other() {
    let (throttle, _clock) = throttle();
    let mut greedy: Vec<_> = (0..900).map(|_| admit(&throttle, 1, 1, Priority::Normal)).collect();
    let through = greedy
        .iter_mut()
        .filter_map(|one| is_through(one).then_some(()))
        .count();
    assert_eq!(through, 800);
    assert!(is_through(&mut admit(&throttle, 2, 1, Priority::Normal)));
}

#[test]
fn a_budget_that_would_be_waited_for_longer_than_a_minute_is_refused_and_given_back() {
    let (throttle, clock) = throttle();
    let mut first = admit(&throttle, 1, 60_000, Priority::Normal);
    assert!(
        is_through(&mut first),
        "what is more than a budget holds is let through when it is full"
    );
    let mut second = admit(&throttle, 1, 1, Priority::Normal);
    let Some(Err(refused)) = (&mut second).now_or_never() else {
        panic!("it is not refused");
    };
    assert!(!refused.parked && refused.until.since(now()) > PATIENCE);
    clock.advance(Duration::from_secs(90));
    assert!(is_through(&mut admit(&throttle, 1, 1, Priority::Normal)));
}

/// An application whose budget of all tenants is used up, so that turns matter.
fn exhausted(throttle: &Throttle) {
    let app = lock(&throttle.state).app(&account(0), now());
    let mut app = lock(&app);
    app.bucket.reserve(now(), 15_000);
}

#[test]
fn tenants_take_turns_at_the_budget_of_the_application_however_much_one_of_them_wants() {
    let (throttle, clock) = throttle();
    exhausted(&throttle);
    let mut many: Vec<_> = (0..50).map(|_| admit(&throttle, 1, 10, Priority::Normal)).collect();
    assert!(!many.iter_mut().any(is_through));
    let mut few: Vec<_> = (0..3).map(|_| admit(&throttle, 2, 10, Priority::Normal)).collect();
    assert!(!few.iter_mut().any(is_through));
    let mut through = (0, 0);
    while few.len() + many.len() > 47 {
        clock.advance(Duration::from_millis(1));
        let (before_many, before_few) = (many.len(), few.len());
        many.retain_mut(|one| !is_through(one));
        few.retain_mut(|one| !is_through(one));
        through.0 += before_many - many.len();
        through.1 += before_few - few.len();
    }
    assert_eq!(through, (3, 3), "both get the same");
}

#[test]
fn a_full_round_gets_a_quarter_of_what_other_requests_get_and_is_never_forgotten() {
    let (throttle, clock) = throttle();
    exhausted(&throttle);
    let mut low: Vec<_> = (0..40).map(|_| admit(&throttle, 1, 10, Priority::Low)).collect();
    assert!(!low.iter_mut().any(is_through));
    let mut normal: Vec<_> = (0..40).map(|_| admit(&throttle, 2, 10, Priority::Normal)).collect();
    assert!(!normal.iter_mut().any(is_through));
    while low.len() + normal.len() > 60 {
        clock.advance(Duration::from_millis(1));
        normal.retain_mut(|one| !is_through(one));
        low.retain_mut(|one| !is_through(one));
    }
    let through = (40 - low.len(), 40 - normal.len());
    assert!((3..=5).contains(&through.0), "{through:?}");
}

#[test]
fn whoever_gives_up_waiting_holds_up_nobody() {
    let (throttle, clock) = throttle();
    exhausted(&throttle);
    let mut first = admit(&throttle, 1, 1, Priority::Normal);
    let mut second = admit(&throttle, 2, 1, Priority::Normal);
    assert!(!is_through(&mut first) && !is_through(&mut second));
    drop(first);
    clock.advance(Duration::from_secs(1));
    assert!(is_through(&mut second));
}

#[test]
fn tenants_with_a_full_budget_and_no_trouble_are_forgotten_and_one_that_rests_is_not() {
    let (throttle, clock) = throttle();
    let asked = Some(RetryAfter::Wait(Duration::from_hours(10_000)));
    let failure = Failure {
        retry_after: asked,
        of_whole_app: false,
    };
    throttle.failed(&account(7), TenantSize::Large, failure).unwrap_err();
    for tenant in 10..20_000 {
        assert!(is_through(&mut admit(&throttle, tenant, 1, Priority::Normal)));
        clock.advance(Duration::from_millis(20));
    }
    assert!(lock(&throttle.state).tenants.len() < 2 * SWEPT_AT + 10);
    let refused = (&mut admit(&throttle, 7, 1, Priority::Normal)).now_or_never();
    assert_eq!(
        refused.unwrap().unwrap_err().until,
        now().plus(Duration::from_hours(10_000))
    );
}

proptest! {
    #[test]
    fn what_graph_asks_for_is_never_cut_short(seconds in 0u64..1 << 40, before in prop::collection::vec(0u64..200, 0..6), chance in 0.0f64..1.0) {
        let clock = Arc::new(ManualClock::standing(now()).with_chance(chance));
        let throttle = Throttle::new(clock);
        let asked = |seconds| Failure { retry_after: Some(RetryAfter::Wait(Duration::from_secs(seconds))), of_whole_app: false };
        for seconds in before {
            let _ = throttle.failed(&account(1), TenantSize::Small, asked(seconds));
        }
        let until = match throttle.failed(&account(1), TenantSize::Small, asked(seconds)) {
            Ok(()) => lock(&throttle.state).tenant(&account(1), TenantSize::Small, now()).pause.until(),
            Err(refused) => refused.until,
        };
        prop_assert!(until >= now().plus(Duration::from_secs(seconds)));
    }

    #[test]
    fn a_wait_that_nobody_asked_for_is_a_second_to_a_minute(failures in 1usize..5, chance in 0.0f64..1.0) {
        let clock = Arc::new(ManualClock::standing(now()).with_chance(chance));
        let throttle = Throttle::new(clock);
        for _ in 0..failures {
            let _ = throttle.failed(&account(1), TenantSize::Small, Failure::default());
        }
        let until = lock(&throttle.state).tenant(&account(1), TenantSize::Small, now()).pause.until();
        let wait = until.since(now());
        prop_assert!((Duration::from_secs(1)..=Duration::from_mins(1)).contains(&wait), "{:?}", wait);
    }
}
