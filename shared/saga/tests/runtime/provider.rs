//! A provider with a memory, and two steps and a probe on it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use fault::{Actor, Fault};
use governor::Haste;
use saga::{Context, Held, Inventory, Presence, Probe, Step};
use serde::{Deserialize, Serialize};
use tenancy::Mark;

/// What the provider holds under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Thing {
    /// The mark of whoever made it.
    pub(crate) owner: String,
    pub(crate) size: u32,
    /// How often it was written: 1 when it was made, one more for every change.
    pub(crate) writes: u32,
}

/// What goes wrong with one call. Without trouble it goes well.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    /// Fails before anything happened.
    Unavailable,
    /// Happens, and the answer is lost.
    LostAnswer,
    /// Happens, and the caller dies before it hears of it.
    Crash,
    /// Is refused for good.
    Refused,
    /// Is accepted, and is not done yet. A destroy leaves the thing in place.
    Pending,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Provider {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    things: BTreeMap<String, Thing>,
    troubles: VecDeque<Trouble>,
    /// Who was in a hurry, question by question.
    hastes: Vec<Haste>,
}

impl Provider {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic while it is held")
    }

    /// Plans the troubles of the next calls, one each.
    pub(crate) fn troubles(&self, troubles: impl IntoIterator<Item = Trouble>) {
        self.state().troubles.extend(troubles);
    }

    /// Whether anybody waited for the questions asked since this was asked last.
    pub(crate) fn hastes(&self) -> Vec<Haste> {
        std::mem::take(&mut self.state().hastes)
    }

    /// Whatever there is, by name.
    pub(crate) fn things(&self) -> BTreeMap<String, Thing> {
        self.state().things.clone()
    }

    /// Puts there what somebody else made.
    pub(crate) fn put(&self, name: &str, owner: &str) {
        let thing = Thing { owner: owner.to_owned(), size: 1, writes: 1 };
        self.state().things.insert(name.to_owned(), thing);
    }

    /// Somebody changes what is theirs, beside us.
    pub(crate) fn resize(&self, name: &str, owner: &str, size: u32) {
        if let Some(thing) = self.state().things.get_mut(name).filter(|thing| thing.owner == owner) {
            thing.size = size;
        }
    }

    /// One call: the caller gives way before and after it, as over a network.
    async fn call<T>(&self, change: impl FnOnce(&mut State) -> Result<T, Fault>) -> Result<T, Fault> {
        self.asked().await;
        let trouble = self.state().troubles.pop_front();
        let outcome = match trouble {
            Some(Trouble::Unavailable) => Err(Fault::transient("the provider is unavailable")),
            Some(Trouble::Refused) => Err(Fault::terminal("the provider refuses").hint("Ask for less.")),
            _ => change(&mut self.state()),
        };
        match trouble {
            Some(Trouble::Crash) => std::future::pending().await,
            Some(Trouble::LostAnswer) => outcome.and(Err(Fault::transient("the answer was lost"))),
            Some(Trouble::Pending) => outcome.and(Err(Fault::not_ready("still at it"))),
            _ => {
                tokio::task::yield_now().await;
                outcome
            }
        }
    }

    async fn asked(&self) {
        tokio::task::yield_now().await;
        self.state().hastes.push(governor::haste());
    }

    async fn make(&self, name: &str, owner: &str, size: u32) -> Result<Made, Fault> {
        self.call(|state| {
            let made = Made { id: format!("id-of-{name}"), size };
            match state.things.get_mut(name) {
                Some(thing) if thing.owner != owner => {
                    Err(Fault::terminal(format!("'{name}' belongs to {}", thing.owner))
                        .for_actor(Actor::Customer))
                }
                Some(thing) if thing.size == size => Ok(made),
                Some(thing) => {
                    (thing.size, thing.writes) = (size, thing.writes + 1);
                    Ok(made)
                }
                None => {
                    let thing = Thing { owner: owner.to_owned(), size, writes: 1 };
                    state.things.insert(name.to_owned(), thing);
                    Ok(made)
                }
            }
        })
        .await
    }

    async fn unmake(&self, name: &str, owner: &str) -> Result<(), Fault> {
        let lingers = matches!(self.state().troubles.front(), Some(Trouble::Pending));
        let unmade = self.call(|state| {
            if !lingers && state.things.get(name).is_some_and(|thing| thing.owner == owner) {
                state.things.remove(name);
            }
            Ok(())
        });
        // "Accepted" is all that such a provider says of a deletion.
        if lingers { unmade.await.or(Ok(())) } else { unmade.await }
    }

    async fn has(&self, name: &str, owner: &str) -> Result<Presence, Fault> {
        self.asked().await;
        let ours = self.state().things.get(name).is_some_and(|thing| thing.owner == owner);
        Ok(Presence::from(ours))
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Params {
    size: u32,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Handle {
    pub(crate) name: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Made {
    id: String,
    size: u32,
}

/// A step on the provider; there are two, so that one can stand on the other.
macro_rules! step {
    ($step:ident, $name:literal, $prefix:literal) => {
        #[derive(Clone, Debug)]
        pub(crate) struct $step(pub(crate) Provider);

        impl Step for $step {
            const NAME: &'static str = $name;
            type Params = Params;
            type Handle = Handle;
            type Output = Made;

            fn handle(&self, mark: &Mark) -> Handle {
                Handle { name: format!(concat!($prefix, "-{}"), mark.tenant) }
            }

            async fn apply(&self, cx: &Context, params: &Params, handle: &Handle) -> Result<Made, Fault> {
                self.0.make(&handle.name, &cx.mark.to_string(), params.size).await
            }

            async fn destroy(&self, mark: &Mark, handle: &Handle) -> Result<(), Fault> {
                self.0.unmake(&handle.name, &mark.to_string()).await
            }

            async fn observe(&self, mark: &Mark, handle: &Handle) -> Result<Presence, Fault> {
                self.0.has(&handle.name, &mark.to_string()).await
            }

            /// Two at a time.
            async fn inventory(&self, after: Option<&str>) -> Result<Inventory<Handle>, Fault> {
                self.0.asked().await;
                let things = self.0.things().into_iter().filter(|(name, _)| name.starts_with($prefix));
                let rest = things.skip_while(|(name, _)| after.is_some_and(|after| name.as_str() <= after));
                let mut held: Vec<_> = rest
                    .map(|(name, thing)| Held { owner: thing.owner, handle: Handle { name }, made_at: None })
                    .collect();
                let more = held.len() > 2;
                held.truncate(2);
                let next = held.last().filter(|_| more).map(|last| last.handle.name.clone());
                Ok(Inventory { held, next })
            }
        }
    };
}
step!(MakeThing, "fake-make-thing", "thing");
step!(MakeOther, "fake-make-other", "other");

/// Sees whether the tenant's thing is as large as it should be.
#[derive(Clone, Debug)]
pub(crate) struct ProbeThing(pub(crate) Provider);

impl Probe for ProbeThing {
    const NAME: &'static str = "fake-probe-thing";
    type Params = Params;
    type Output = Made;

    async fn look(&self, cx: &Context, params: &Params) -> Result<Made, Fault> {
        let name = format!("thing-{}", cx.tenant.id);
        match self.0.things().get(&name) {
            Some(thing) if thing.size >= params.size => Ok(Made { id: name, size: thing.size }),
            Some(_) => Err(Fault::not_ready("the thing is too small yet")),
            None => Err(Fault::not_ready("there is no thing yet")),
        }
    }
}
