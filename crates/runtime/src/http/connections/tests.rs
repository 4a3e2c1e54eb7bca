use super::{AdmittedConnection, CLOSED_SHARE, ConnectionBounds, Connections};
use std::net::IpAddr;
use std::time::Duration;

const ROOM: usize = 64;
const UNREAD: usize = 1_000;

fn connections() -> Connections {
    Connections::new(ConnectionBounds {
        connections: ROOM,
        unread: UNREAD,
    })
}

fn address(last: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, last])
}

fn admit(connections: &Connections, last: u8) -> AdmittedConnection {
    connections.admit(address(last)).expect("there is room")
}

fn closing(admitted: &[AdmittedConnection]) -> usize {
    admitted.iter().filter(|one| one.is_closing()).count()
}

async fn later() {
    tokio::time::advance(Duration::from_secs(2)).await;
}

#[tokio::test(start_paused = true)]
async fn a_new_connection_takes_the_place_of_those_that_have_waited_longest() {
    let connections = connections();
    let mut all = Vec::new();
    for _ in 0..ROOM {
        all.push(admit(&connections, 1));
        tokio::time::advance(Duration::from_millis(100)).await;
    }
    let new = admit(&connections, 2);
    assert_eq!(closing(&all), ROOM / CLOSED_SHARE);
    assert!(all[..ROOM / CLOSED_SHARE].iter().all(|one| one.is_closing()) && !new.is_closing());
}

#[tokio::test(start_paused = true)]
async fn strangers_go_before_those_who_have_shown_a_key_and_the_peer_with_most_before_others() {
    let connections = connections();
    let known: Vec<_> = (0..ROOM / 2).map(|_| admit(&connections, 1)).collect();
    known.iter().for_each(|one| one.prove());
    let few: Vec<_> = (0..ROOM / 8).map(|_| admit(&connections, 2)).collect();
    let many: Vec<_> = (0..ROOM / 2 - ROOM / 8).map(|_| admit(&connections, 3)).collect();
    later().await;
    let mut new = Vec::new();
    for last in 10..14 {
        new.push(admit(&connections, last));
    }
    assert_eq!((closing(&known), closing(&many), closing(&few)), (0, 4, 0));
    assert_eq!(closing(&new), 0, "who has just come may be on the way");
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_strangers_costs_only_strangers_their_places() {
    let connections = connections();
    let known: Vec<_> = (0..4).map(|_| admit(&connections, 1)).collect();
    known.iter().for_each(|one| one.prove());
    later().await;
    let flood: Vec<_> = (0..10 * ROOM).map(|_| admit(&connections, 1)).collect();
    assert_eq!(closing(&known), 0);
    assert!(closing(&flood) >= 9 * ROOM);
}

#[tokio::test(start_paused = true)]
async fn a_key_is_no_licence_to_fill_the_places() {
    let connections = connections();
    let greedy: Vec<_> = (0..ROOM).map(|_| admit(&connections, 1)).collect();
    greedy.iter().for_each(|one| one.prove());
    later().await;
    let new: Vec<_> = (2..10).map(|last| admit(&connections, last)).collect();
    assert_eq!((closing(&greedy), closing(&new)), (8, 0));
}

#[tokio::test(start_paused = true)]
async fn requests_under_way_keep_their_places_and_one_that_finds_none_is_turned_away() {
    let connections = connections();
    let all: Vec<_> = (0..ROOM).map(|_| admit(&connections, 1)).collect();
    let requests: Vec<_> = all.iter().map(|one| one.begin(false)).collect();
    later().await;
    assert!(connections.admit(address(2)).is_none());
    assert_eq!(closing(&all), 0);
    drop(requests);
    assert!(connections.admit(address(2)).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_awaited_and_an_answer_that_is_not_taken_hold_no_place() {
    let connections = connections();
    let all: Vec<_> = (0..ROOM).map(|_| admit(&connections, 1)).collect();
    let requests: Vec<_> = all.iter().map(|one| one.begin(true)).collect();
    let half = ROOM / 2;
    for one in &all[half..] {
        one.body_came();
        one.set_stalled(true);
    }
    later().await;
    let mut new = Vec::new();
    for last in 0..u8::try_from(half).expect("few") {
        new.push(admit(&connections, last));
    }
    assert!(closing(&all) >= half);
    drop(requests);
}

#[tokio::test(start_paused = true)]
async fn a_place_is_free_again_when_its_connection_is_gone() {
    let connections = connections();
    for _ in 0..3 {
        let all: Vec<_> = (0..ROOM).map(|_| admit(&connections, 1)).collect();
        assert_eq!(closing(&all), 0);
    }
    assert!(connections.open().connections.is_empty());
}

#[tokio::test(start_paused = true)]
async fn readers_that_take_nothing_are_cut_off_when_answers_hold_too_much() {
    let connections = connections();
    let all: Vec<_> = (0..4).map(|_| admit(&connections, 1)).collect();
    let requests: Vec<_> = all.iter().map(|one| one.begin(false)).collect();
    for one in &all {
        connections.hold(one, UNREAD / 4);
    }
    all[1].set_stalled(true);
    all[2].set_stalled(true);
    later().await;
    // The third has taken enough meanwhile to count again, the fourth and the first take all that comes.
    all[2].set_stalled(true);
    let new = admit(&connections, 2);
    connections.hold(&new, UNREAD / 4);
    assert_eq!(
        all.iter().map(|one| one.is_closing()).collect::<Vec<_>>(),
        [false, true, false, false]
    );
    assert_eq!(connections.unread(), UNREAD);
    // Above twice as much it does not matter for how long.
    connections.hold(&new, UNREAD * 2);
    assert!(all[2].is_closing() && !all[0].is_closing() && !new.is_closing());
    drop(requests);
    drop(all);
    drop(new);
    assert_eq!(connections.unread(), 0);
}
