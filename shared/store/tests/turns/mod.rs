//! Explores races: two futures on the in-memory twin, which gives way before each of its operations, polled by
//! hand in every order there is. No threads and no luck: what fails, fails every time.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Deep enough for any two of our calls; only one that waits for the other comes near it.
const CHOICES: usize = 12;

/// Whose turn it is, wherever both sides could go on.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// Whether the second side goes, per choice.
    order: Vec<bool>,
    made: usize,
}

/// Runs the case once for every order in which the sides of its one race can take turns.
pub(crate) fn in_every_order(case: impl Fn(&mut Turns)) {
    let mut turns = Turns::default();
    loop {
        turns.made = 0;
        case(&mut turns);
        // The next order differs in the last choice that the second side has not had yet.
        while turns.order.pop_if(|second| *second).is_some() {}
        match turns.order.last_mut() {
            Some(choice) => *choice = true,
            None => return,
        }
    }
}

impl Turns {
    /// Runs both sides to their ends.
    pub(crate) fn race<A: Future, B: Future>(&mut self, a: A, b: B) -> (A::Output, B::Output) {
        let (mut a, mut b) = (pin!(a), pin!(b));
        let (mut first, mut second) = (None, None);
        let mut cx = Context::from_waker(Waker::noop());
        loop {
            (first, second) = match (first, second) {
                (Some(a), Some(b)) => return (a, b),
                (None, done) if done.is_some() || !self.second_goes() => {
                    (ended(a.as_mut().poll(&mut cx)), done)
                }
                (done, _) => (done, ended(b.as_mut().poll(&mut cx))),
            };
        }
    }

    /// Beyond the last choice the first side goes on until it ends.
    fn second_goes(&mut self) -> bool {
        if self.made == CHOICES {
            return false;
        }
        if self.made == self.order.len() {
            self.order.push(false);
        }
        self.made += 1;
        self.order[self.made - 1]
    }
}

/// Runs a future on the in-memory twin to its end.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    Turns::default().race(future, async {}).0
}

fn ended<T>(polled: Poll<T>) -> Option<T> {
    match polled {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
