//! What the bus promises, held against both implementations, and what only a broker can do wrong, against RabbitMQ.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod broker;
mod commands;
mod consumers;
mod dead;
mod failures;
mod room;
mod support;
mod wire;

use support::Fixture;

/// Makes each test of the contract a test of both implementations.
macro_rules! contract {
    ($($module:ident :: $test:ident),+ $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                let fixture = super::Fixture::embedded();
                super::support::within(super::$module::$test(&fixture)).await;
                fixture.close().await;
            })+
        }

        mod rabbitmq {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                let fixture = super::Fixture::rabbit().await;
                super::support::within(super::$module::$test(&fixture)).await;
                fixture.close().await;
            })+
        }
    };
}

contract! {
    commands::a_verdict_reaches_its_requester,
    commands::each_of_many_requesters_gets_its_own_verdict,
    commands::commands_of_a_lane_keep_the_order_they_were_published_in,
    commands::a_request_without_an_answer_times_out_a_second_after_its_deadline,
    commands::a_full_lane_refuses,
    commands::a_closed_bus_takes_nothing_and_ends_its_consumers,
    consumers::events_arrive_in_order_with_their_trace,
    consumers::more_events_than_a_lane_holds_handed_over_at_once_arrive_in_order_and_so_do_the_next,
    consumers::a_consumer_takes_all_that_is_ready_up_to_the_given_number,
    consumers::what_was_not_acknowledged_comes_again_flagged,
    consumers::an_acknowledgement_covers_nothing_else,
    consumers::of_two_consumers_one_is_active_and_the_other_takes_over,
    consumers::a_stopped_consumer_keeps_its_lane_until_all_is_acknowledged,
    consumers::a_consumer_serves_several_lanes,
    consumers::a_parked_message_is_counted_and_does_not_come_again,
    consumers::a_message_that_comes_back_too_often_is_parked,
    dead::a_dead_letter_says_why_and_stays_until_it_is_acknowledged,
    dead::what_came_back_too_often_is_told_one_by_one,
    dead::a_command_is_told_as_it_was_sent,
    dead::an_event_that_is_dispatched_again_arrives_again,
    dead::two_who_take_dead_letters_get_different_ones,
    dead::what_can_be_kept_nowhere_else_stays_on_the_bus_and_is_not_given_out_again,
}
