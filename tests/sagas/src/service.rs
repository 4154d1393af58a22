//! Outside services that remember: what each of them is to the rest of a world.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use sandbox::clouds::Right;
use serde_json::Value;

use crate::aws;
use crate::chaos::Act;

pub type Request = http::Request<Vec<u8>>;
pub type Reply = http::Response<Vec<u8>>;

/// How long a service takes for an answer beside the way to it: an extension of the reply.
#[derive(Clone, Copy, Debug)]
pub struct Takes(pub Duration);

/// A resource of a tenant, as a provider has it. A handle in the ledger names it as `{field: name}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Thing {
    pub field: &'static str,
    pub name: String,
    pub owner: String,
}

impl Thing {
    /// What is said of `{tenant}`, said of one tenant.
    #[must_use]
    pub fn of(&self, tenant: &str) -> Self {
        Self { name: self.name.replace("{tenant}", tenant), ..self.clone() }
    }
}

/// An outside service with a memory.
pub trait Service: fmt::Debug + Send + Sync {
    /// What a request asks: `cognito:CreateGroup`, and what that does.
    fn asked(&self, request: &Request) -> (String, Act);

    /// Does what is asked.
    fn answer(&self, request: &Request, view: View) -> Reply;

    fn refusal(&self, status: u16, code: &str) -> Reply {
        aws::refusal(status, code)
    }

    /// Whatever there is.
    fn things(&self) -> Vec<Thing> {
        Vec::new()
    }

    /// The customers' own names that it serves.
    fn served(&self) -> Vec<String> {
        Vec::new()
    }

    /// Puts there what somebody else made, if it is a thing of this service.
    fn plant(&self, _: &Thing) {}

    /// Somebody takes it away by hand, if it is a thing of this service.
    fn remove(&self, _: &Thing) {}

    /// A tenant's people write one thing in place of another.
    fn edit(&self, _: &str, _: &str) {}

    /// Whether anything that people can read says so.
    fn says(&self, _: &str) -> bool {
        false
    }

    /// What calls on a cluster took a right to.
    fn rights(&self) -> BTreeSet<Right> {
        BTreeSet::new()
    }

    /// What was applied to a cluster, object by object, as it was sent.
    fn manifests(&self) -> Vec<Value> {
        Vec::new()
    }
}

/// Which state of affairs a service answers from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    Now,
    /// As it was before the last change.
    Stale,
    /// As it is, and what this would change is not changed.
    Dry,
    /// As it is, where nobody will ask how it was.
    Once,
}

/// What a service remembers, and what it did before the last change.
#[derive(Debug, Default)]
pub struct Memory<S> {
    pub(crate) now: S,
    before: S,
}

impl<S: Clone> Memory<S> {
    pub fn new(now: S) -> Self {
        Self { before: now.clone(), now }
    }
}

/// The state that a request is answered from. What a stale view changes is lost.
pub(crate) fn at<S: Clone, R>(
    memory: &Mutex<Memory<S>>,
    view: View,
    act: Act,
    answer: impl FnOnce(&mut S) -> R,
) -> R {
    let mut memory = memory.lock().expect("no panic while it is held");
    match (view, act) {
        (View::Stale, _) => answer(&mut memory.before.clone()),
        (View::Dry, _) => answer(&mut memory.now.clone()),
        (View::Now, Act::Read) | (View::Once, _) => answer(&mut memory.now),
        (View::Now, _) => {
            memory.before = memory.now.clone();
            answer(&mut memory.now)
        }
    }
}

pub(crate) fn now<S>(memory: &Mutex<Memory<S>>) -> MutexGuard<'_, Memory<S>> {
    memory.lock().expect("no panic while it is held")
}
