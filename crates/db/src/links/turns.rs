//! Places that are taken in turns: by directory, not in the order of asking.
//!
//! Who asks a thousand times waits in a line of its own. A place that becomes free goes to the line whose turn it is, so that
//! somebody who asks once waits for at most one statement of each other that waits too.

use events::DirectoryId;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Who asks: what is bounded and served in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Party {
    /// A directory, for all holders of its keys.
    Directory(DirectoryId),
    /// The management API.
    Management,
    /// Single sign-on: everybody who logs in, and the apps that they log in to.
    SignOn,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// This party has as many as it may have at a time, and more of it are waiting than may wait.
    Share,
    /// All are taken by others.
    Everywhere,
}

/// The places of a set.
#[derive(Debug)]
pub(crate) struct Turns {
    state: Mutex<State>,
    /// How many places one party may have at a time.
    share: usize,
    /// How many of one party may wait.
    line: usize,
}

#[derive(Debug)]
struct State {
    free: usize,
    /// The parties that have a place or wait for one.
    parties: HashMap<Party, PartyLine>,
    /// Those that wait and have less than their share, each once, in the order of their turns.
    next: VecDeque<Party>,
}

#[derive(Debug, Default)]
struct PartyLine {
    taken: usize,
    waiting: VecDeque<oneshot::Sender<Turn>>,
    is_next: bool,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    /// `None` for a place that was handed on.
    turns: Option<Arc<Turns>>,
    party: Party,
}

impl Turns {
    pub(crate) fn new(places: usize, share: usize, line: usize) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                free: places.max(1),
                parties: HashMap::new(),
                next: VecDeque::new(),
            }),
            share: share.max(1),
            line,
        })
    }

    /// A place, as soon as it is this party's turn. Dropping the future leaves the line.
    ///
    /// # Errors
    /// [`Full`] at once when too many of the party wait already.
    pub(crate) async fn take(self: &Arc<Self>, party: Party) -> Result<Turn, Full> {
        let waiting = match self.ask(party)? {
            Ok(turn) => return Ok(turn),
            Err(waiting) => waiting,
        };
        // The sender is dropped only with the set.
        waiting.await.map_err(|_| Full::Everywhere)
    }

    /// What a party that has waited in vain was waiting for.
    pub(crate) fn full_for(&self, party: Party) -> Full {
        let taken = self.state().parties.get(&party).map_or(0, |line| line.taken);
        if taken >= self.share {
            Full::Share
        } else {
            Full::Everywhere
        }
    }

    fn ask(self: &Arc<Self>, party: Party) -> Result<Result<Turn, oneshot::Receiver<Turn>>, Full> {
        let mut guard = self.state();
        let state = &mut *guard;
        let line = state.parties.entry(party).or_default();
        // With a place free, nobody waits who may have it.
        if state.free > 0 && line.taken < self.share {
            state.free -= 1;
            line.taken += 1;
            return Ok(Ok(self.turn(party)));
        }
        if line.waiting.len() >= self.line {
            line.waiting.retain(|sender| !sender.is_closed());
        }
        if line.waiting.len() >= self.line {
            return Err(if line.taken >= self.share {
                Full::Share
            } else {
                Full::Everywhere
            });
        }
        let (sender, receiver) = oneshot::channel();
        line.waiting.push_back(sender);
        if line.taken < self.share && !line.is_next {
            line.is_next = true;
            state.next.push_back(party);
        }
        Ok(Err(receiver))
    }

    fn turn(self: &Arc<Self>, party: Party) -> Turn {
        Turn {
            turns: Some(Arc::clone(self)),
            party,
        }
    }

    /// Takes a place back, and hands it to the next in turn.
    fn leave(self: &Arc<Self>, mut party: Party) {
        while let Some((next, sender)) = self.hand_over(party) {
            match sender.send(self.turn(next)) {
                Ok(()) => return,
                // Gone at this very moment: the place goes on to the one after it.
                Err(mut turn) => turn.turns = None,
            }
            party = next;
        }
    }

    fn hand_over(&self, from: Party) -> Option<(Party, oneshot::Sender<Turn>)> {
        let mut guard = self.state();
        let state = &mut *guard;
        state.free += 1;
        if let Some(line) = state.parties.get_mut(&from) {
            line.taken -= 1;
            if !line.waiting.is_empty() && !line.is_next {
                line.is_next = true;
                state.next.push_back(from);
            } else if line.taken == 0 && line.waiting.is_empty() {
                state.parties.remove(&from);
            }
        }
        while let Some(party) = state.next.pop_front() {
            let Some(line) = state.parties.get_mut(&party) else {
                continue;
            };
            line.is_next = false;
            let sender = loop {
                match line.waiting.pop_front() {
                    Some(sender) if sender.is_closed() => {}
                    sender => break sender,
                }
            };
            let Some(sender) = sender else {
                if line.taken == 0 {
                    state.parties.remove(&party);
                }
                continue;
            };
            line.taken += 1;
            state.free -= 1;
            if line.taken < self.share && !line.waiting.is_empty() {
                line.is_next = true;
                state.next.push_back(party);
            }
            return Some((party, sender));
        }
        None
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(turns) = self.turns.take() {
            turns.leave(self.party);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DirectoryId, Full, Party, Turns};
    use std::sync::Arc;

    fn party() -> Party {
        Party::Directory(DirectoryId::new())
    }

    fn is_idle(turns: &Turns, places: usize) -> bool {
        let state = turns.state();
        state.free == places && state.parties.is_empty() && state.next.is_empty()
    }

    #[tokio::test]
    async fn a_party_has_its_share_and_others_have_the_rest() {
        let turns = Turns::new(3, 2, 0);
        let (greedy, other) = (party(), party());
        let held = [turns.take(greedy).await.unwrap(), turns.take(greedy).await.unwrap()];
        assert_eq!(turns.take(greedy).await.unwrap_err(), Full::Share);
        assert_eq!(turns.full_for(greedy), Full::Share);
        let last = turns.take(other).await.unwrap();
        assert_eq!(turns.take(other).await.unwrap_err(), Full::Everywhere);
        drop((held, last));
        assert!(is_idle(&turns, 3));
    }

    #[tokio::test]
    async fn a_single_request_waits_for_one_of_each_other_directory_and_not_for_all_of_them() {
        let turns = Turns::new(1, 1, 1_000);
        let (greedy, modest) = (party(), party());
        let first = turns.take(greedy).await.unwrap();
        let (sender, mut order) = tokio::sync::mpsc::unbounded_channel();
        let wait = |party, name| {
            let (turns, sender) = (Arc::clone(&turns), sender.clone());
            tokio::spawn(async move {
                let turn = turns.take(party).await.unwrap();
                sender.send(name).unwrap();
                drop(turn);
            })
        };
        let mut tasks: Vec<_> = (0..500).map(|_| wait(greedy, "greedy")).collect();
        // In line, before the other one asks.
        tokio::task::yield_now().await;
        tasks.push(wait(modest, "modest"));
        tokio::task::yield_now().await;
        drop(first);
        for task in tasks {
            task.await.unwrap();
        }
        let mut before = 0;
        while order.recv().await != Some("modest") {
            before += 1;
        }
        assert!(before <= 1, "{before} of the others went first");
        assert!(is_idle(&turns, 1));
    }

    #[tokio::test]
    async fn a_waiter_that_leaves_the_line_takes_no_place_with_it() {
        let turns = Turns::new(1, 1, 2);
        let (one, two) = (party(), party());
        let held = turns.take(one).await.unwrap();
        for _ in 0..10 {
            // Polled once, so it is in the line, and dropped.
            let gone = tokio::time::timeout(std::time::Duration::ZERO, turns.take(two)).await;
            assert!(gone.is_err());
        }
        drop(held);
        assert!(is_idle(&turns, 1));
        drop(turns.take(two).await.unwrap());
        assert!(is_idle(&turns, 1));
    }

    #[tokio::test]
    async fn a_place_handed_to_one_who_has_just_left_goes_on_to_the_next() {
        let turns = Turns::new(1, 1, 10);
        let (one, two, three) = (party(), party(), party());
        let held = turns.take(one).await.unwrap();
        let mut gone = Box::pin(turns.take(two));
        let mut stays = Box::pin(turns.take(three));
        assert!(futures_polled(&mut gone).await && futures_polled(&mut stays).await);
        drop(held);
        drop(gone);
        drop(stays.await.unwrap());
        assert!(is_idle(&turns, 1));
    }

    /// Polls once; whether it is still waiting.
    async fn futures_polled<F: Future + Unpin>(future: &mut F) -> bool {
        tokio::time::timeout(std::time::Duration::ZERO, future).await.is_err()
    }
}
