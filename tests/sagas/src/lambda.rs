//! Calls functions as Lambda does: a limit on their time, a death at any moment, and no memory of who waits.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fault::Fault;
use jiff::SignedDuration;
use saga::Invocation;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::asl::{Failure, Outcome};
use crate::chaos::{Act, Chaos, Trouble, pass};
use crate::tally::Tally;

/// `Timeout` of every function in the templates.
const TIMEOUT: Duration = Duration::from_secs(30);

tokio::task_local! {
    /// The call of a function that runs here.
    pub static CALLER: Arc<Caller>;
}

/// One call of a function, as the world around it knows it.
#[derive(Debug)]
pub struct Caller {
    /// `merchant-create-group.apply`
    pub name: String,
    pub doom: Notify,
    answer: Mutex<Option<oneshot::Sender<Outcome>>>,
}

impl Caller {
    /// Whoever waits is told that it took too long.
    pub fn abandon(&self) {
        self.answer(Err(Failure::new("States.Timeout", "")));
    }

    fn answer(&self, outcome: Outcome) {
        let waiting = self.answer.lock().expect("no panic while it is held").take();
        // Nobody waits for the call of a branch that was stopped.
        let _ = waiting.and_then(|waiting| waiting.send(outcome).err());
    }
}

pub type Running = Pin<Box<dyn Future<Output = Result<Value, Fault>>>>;
/// A function as it is deployed.
pub type Handler = Rc<dyn Fn(Value, Invocation) -> Running>;

/// Makes a function of what its `main` serves.
pub fn function<I, O, F>(run: impl Fn(I, Invocation) -> F + 'static) -> Handler
where
    I: DeserializeOwned + 'static,
    O: Serialize + 'static,
    F: Future<Output = Result<O, Fault>> + 'static,
{
    let run = Rc::new(run);
    Rc::new(move |payload, invocation| {
        let run = Rc::clone(&run);
        Box::pin(async move {
            let malformed = |e| Fault::terminal(format!("the payload does not decode: {e}"));
            let output = run(serde_json::from_value(payload).map_err(malformed)?, invocation).await?;
            serde_json::to_value(output).map_err(|e| Fault::terminal(e.to_string()))
        })
    })
}

/// Where functions run.
#[derive(Clone, Debug)]
pub struct Lambda {
    pub chaos: Chaos,
    pub tally: Tally,
}

impl Lambda {
    /// Calls a function and waits. Whoever stops waiting does not stop the function.
    pub async fn invoke(&self, name: &str, handler: &Handler, payload: Value) -> Outcome {
        let action = payload["action"].as_str().unwrap_or("run");
        let caller = format!("{name}.{action}");
        let trouble = self.chaos.meet(&caller, "lambda:Invoke", Act::Invoke);
        let start = || self.start(&caller, name, handler, payload.clone());
        let lost = || Err(Failure::new("Lambda.ServiceException", "the answer was lost"));
        pass(Duration::from_millis(5)).await;
        match trouble {
            None => start().await,
            Some(Trouble::Unavailable | Trouble::CrashBefore) => {
                Err(Failure::new("Lambda.TooManyRequestsException", "Rate Exceeded."))
            }
            Some(Trouble::Lost) => start().await.and_then(|_| lost()),
            Some(Trouble::Twice) => {
                let _ = start().await;
                start().await
            }
            Some(Trouble::AtOnce) => {
                let (one, other) = (start(), start());
                drop(other);
                one.await
            }
            Some(Trouble::LeftOut) => Ok(Value::Null),
            Some(Trouble::Belated) => {
                let (here, called, running) = (self.clone(), name.to_owned(), self.tally.running());
                let (caller, handler, payload) = (caller.clone(), Rc::clone(handler), payload.clone());
                // It begins, whoever still waits for it.
                let call = tokio::task::spawn_local(async move {
                    pass(Duration::from_secs(60)).await;
                    let outcome = here.start(&caller, &called, &handler, payload).await;
                    drop(running);
                    outcome
                });
                call.await.expect("calling does not panic")
            }
            Some(other) => unreachable!("{other:?} cannot happen to a whole call"),
        }
    }

    fn start(
        &self,
        caller: &str,
        name: &str,
        handler: &Handler,
        payload: Value,
    ) -> impl Future<Output = Outcome> + use<> {
        let (sender, answer) = oneshot::channel();
        let (answered, doom) = (Mutex::new(Some(sender)), Notify::new());
        let caller = Arc::new(Caller { name: caller.to_owned(), doom, answer: answered });
        let timeout = SignedDuration::try_from(TIMEOUT).expect("half a minute");
        let invocation = Invocation {
            id: format!("call-{}", self.tally.next()),
            function: name.to_owned(),
            deadline: clock::now() + timeout,
        };
        let (call, called) = (handler(payload, invocation), name.to_owned());
        let (running, chaos, tally) = (self.tally.running(), self.chaos.clone(), self.tally.clone());
        tokio::task::spawn_local(CALLER.scope(Arc::clone(&caller), async move {
            let begun = Instant::now();
            let outcome = tokio::select! {
                biased;
                () = caller.doom.notified() => Err(Failure::new("Lambda.Unknown", "Runtime exited with error: signal: killed")),
                outcome = call => outcome.map_err(|fault| failure(&fault)),
                () = pass(TIMEOUT) => Err(Failure::new("Sandbox.Timedout", "Task timed out after 30.00 seconds")),
            };
            tally.invoked(&called, begun.elapsed());
            let said = outcome.as_ref().map_or_else(|failure| format!("{}: {}", failure.error, failure.cause), Value::to_string);
            chaos.tell(&format!("{} -> {said}", caller.name));
            caller.answer(outcome);
            drop(running);
        }));
        async { answer.await.unwrap_or_else(|_| Err(Failure::new("Lambda.Unknown", "nobody answered"))) }
    }
}

fn failure(fault: &Fault) -> Failure {
    let cause = json!({ "errorType": fault.kind.name(), "errorMessage": fault.cause });
    Failure::new(fault.kind.name(), cause.to_string())
}
