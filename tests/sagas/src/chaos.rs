//! What goes wrong, and when: every call of a function to the world is a moment that can be named, found again
//! in another run, and spoilt.

use std::collections::BTreeMap;
use std::fmt;
use std::future::pending;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;

use crate::lambda::CALLER;

/// The nth time that a function makes a call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// `merchant-create-group.apply`
    pub caller: String,
    /// `cognito:CreateGroup`, `store:put-RESOURCE`, `lambda:Invoke`
    pub call: String,
    pub nth: u32,
}

/// What a call does to the world: what can go wrong with it depends on that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    Read,
    Write,
    Delete,
    /// A whole call of a function.
    Invoke,
}

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// Fails before anything happened.
    Unavailable,
    /// Happens, and the answer is lost.
    Lost,
    /// Comes too often: not now, says the answer, and when.
    Throttled,
    /// Is refused, and would be again.
    Refused,
    /// Happens, and the answer takes its time.
    Slow,
    /// Happens, and no answer ever comes.
    Hang,
    /// Happens only after its caller has given up.
    Late,
    /// Is answered with what was so a moment ago.
    Stale,
    /// Is accepted, and what was to go goes much later.
    Lingers,
    /// The function dies before the call.
    CrashBefore,
    /// The function dies after the call.
    CrashAfter,
    /// The machine gives up, and the function runs on.
    Abandoned,
    /// The function is called again with the same, after it ended.
    Twice,
    /// The function is called twice at the same time.
    AtOnce,
    /// The function begins when whoever called it has long given up.
    Belated,
    /// The function is not called, and the machine goes on: somebody has left its state out.
    LeftOut,
}

impl Trouble {
    const ALL: [Self; 16] = [
        Self::Unavailable,
        Self::Lost,
        Self::Throttled,
        Self::Refused,
        Self::Slow,
        Self::Hang,
        Self::Late,
        Self::Stale,
        Self::Lingers,
        Self::CrashBefore,
        Self::CrashAfter,
        Self::Abandoned,
        Self::Twice,
        Self::AtOnce,
        Self::Belated,
        Self::LeftOut,
    ];

    /// What can go wrong once with such a call. `Refused` and `LeftOut` are for good, and so have cases of their own.
    pub fn of(call: &str, act: Act) -> Vec<Self> {
        let store = call.starts_with("store:");
        // One server: what it says is so, and what it says it has done is done.
        let server = ["mysql:", "bench-host:"].iter().any(|server| call.starts_with(server));
        let fits = |trouble: &Self| match trouble {
            Self::Unavailable | Self::Lost | Self::CrashBefore => true,
            Self::Twice | Self::AtOnce | Self::Belated => act == Act::Invoke,
            Self::Slow | Self::Hang | Self::CrashAfter | Self::Abandoned => act != Act::Invoke,
            Self::Throttled => !store && act != Act::Invoke,
            Self::Late => !store && matches!(act, Act::Write | Act::Delete),
            // S3 lists late at most: an object that is there is read (its consistency model).
            Self::Stale => {
                !store && !server && act == Act::Read && !["s3:HeadObject", "s3:GetObject"].contains(&call)
            }
            Self::Lingers => !store && !server && act == Act::Delete,
            Self::Refused | Self::LeftOut => false,
        };
        Self::ALL.into_iter().filter(fits).collect()
    }
}

/// Trouble at a moment, and at as many of its kind after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    pub moment: Moment,
    pub trouble: Trouble,
    /// `u32::MAX` is for ever.
    pub times: u32,
}

impl Planned {
    /// The SDK asks a second time by itself, so what is to be noticed must fail twice.
    pub fn once(moment: Moment, trouble: Trouble) -> Self {
        let asked_again = matches!(trouble, Trouble::Unavailable | Trouble::Lost | Trouble::Throttled)
            && !moment.call.starts_with("store:")
            && !moment.call.starts_with("lambda:");
        Self { moment, trouble, times: if asked_again { 2 } else { 1 } }
    }

    /// Until somebody mends it.
    pub fn forever(moment: Moment, trouble: Trouble) -> Self {
        Self { moment, trouble, times: u32::MAX }
    }

    fn strikes(&self, moment: &Moment) -> bool {
        self.moment.caller == moment.caller
            && self.moment.call == moment.call
            && (self.moment.nth..self.moment.nth.saturating_add(self.times)).contains(&moment.nth)
    }
}

/// The troubles of a run, and the moments that it came through.
#[derive(Clone, Debug, Default)]
pub struct Chaos(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    planned: Vec<Planned>,
    /// Asked for at a moment: whoever waits for it is woken.
    awaited: Option<(Moment, Arc<Notify>)>,
    counts: BTreeMap<(String, String), u32>,
    passed: Vec<(Moment, Act)>,
    /// What happened, to be read by a person.
    transcript: Vec<String>,
}

impl Chaos {
    pub fn new(planned: Vec<Planned>) -> Self {
        Self(Arc::new(Mutex::new(State { planned, ..State::default() })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no panic while it is held")
    }

    /// What was to go wrong for ever is mended.
    pub fn mend(&self) {
        self.state().planned.retain(|planned| planned.times != u32::MAX);
    }

    /// Wakes whoever waits when a moment comes.
    pub fn wake_at(&self, moment: Moment) -> Arc<Notify> {
        let woken = Arc::new(Notify::new());
        self.state().awaited = Some((moment, Arc::clone(&woken)));
        woken
    }

    /// The moments of this run so far, in order.
    pub fn passed(&self) -> Vec<(Moment, Act)> {
        self.state().passed.clone()
    }

    pub fn transcript(&self) -> Vec<String> {
        self.state().transcript.clone()
    }

    pub fn tell(&self, line: &str) {
        let line = format!("{} {line}", clock::now().strftime("%H:%M:%S%.3f"));
        self.state().transcript.push(line);
    }

    /// A moment comes: what goes wrong with it.
    pub fn meet(&self, caller: &str, call: &str, act: Act) -> Option<Trouble> {
        let mut state = self.state();
        let count = state.counts.entry((caller.to_owned(), call.to_owned())).or_default();
        *count += 1;
        let moment = Moment { caller: caller.to_owned(), call: call.to_owned(), nth: *count };
        state.passed.push((moment.clone(), act));
        if let Some((_, woken)) = state.awaited.take_if(|(awaited, _)| *awaited == moment) {
            woken.notify_one();
        }
        let planned = state.planned.iter().find(|planned| planned.strikes(&moment));
        let trouble = planned.map(|planned| planned.trouble);
        drop(state);
        let told = trouble.map_or_else(String::new, |trouble| format!("  <-- {trouble:?}"));
        self.tell(&format!("{moment}{told}"));
        trouble
    }

    /// The same for a call of whatever function runs here.
    pub fn meet_here(&self, call: &str, act: Act) -> Option<Trouble> {
        let caller = CALLER.try_with(|caller| caller.name.clone()).ok()?;
        self.meet(&caller, call, act)
    }
}

/// The function that runs here dies.
pub async fn crash() {
    CALLER.with(|caller| caller.doom.notify_one());
    pending::<()>().await;
}

/// The machine is told that the function that runs here took too long; it goes on.
pub async fn abandon() {
    CALLER.with(|caller| caller.abandon());
    pass(Duration::from_secs(10)).await;
}

/// Time passes.
#[allow(clippy::disallowed_methods)] // The one place where the world outside our functions takes its time.
pub async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}#{}", self.caller, self.call, self.nth)
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let malformed = || format!("'{text}' is not a moment: expected <function>.<action>/<call>#<nth>");
        let (rest, nth) = text.rsplit_once('#').ok_or_else(malformed)?;
        let (caller, call) = rest.split_once('/').ok_or_else(malformed)?;
        let nth = nth.parse().map_err(|_| malformed())?;
        Ok(Self { caller: caller.to_owned(), call: call.to_owned(), nth })
    }
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={:?}", self.moment, self.trouble)?;
        match self.times {
            u32::MAX => write!(f, "*ever"),
            times => write!(f, "*{times}"),
        }
    }
}

impl FromStr for Planned {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let malformed = || format!("'{text}' is not a trouble: expected <moment>=<trouble>*<times>");
        let (moment, rest) = text.split_once('=').ok_or_else(malformed)?;
        let (trouble, times) = rest.split_once('*').ok_or_else(malformed)?;
        let named = |known: &Trouble| format!("{known:?}") == trouble;
        Ok(Self {
            moment: moment.parse()?,
            trouble: Trouble::ALL.into_iter().find(named).ok_or_else(malformed)?,
            times: if times == "ever" { u32::MAX } else { times.parse().map_err(|_| malformed())? },
        })
    }
}
