//! What a state machine passes to a function: done once, told as it was, or refused for good.

#![no_main]

use fault::{Fault, Kind};
use fuzz::api;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use saga::{Context, Inventory, Invocation, Presence, Probe, ProbeRunner, Runner, Step};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenancy::Mark;

fuzz_target!(|text: &str| {
    api::with(|api| {
        let Ok(payload) = serde_json::from_str::<Value>(&api.named(text)) else { return };
        let call = |id: &str| Invocation {
            id: id.to_owned(),
            function: "arn:aws:lambda:eu-west-1:000000000000:function:note".to_owned(),
            deadline: Timestamp::now() + jiff::SignedDuration::from_secs(30),
        };
        let step = Runner::new(Note, api.ledger(), "fuzz");
        let first = fuzz::run(step.run(payload.clone(), &call("a")));
        check(&first);
        if let Ok(first) = &first {
            assert_eq!(fuzz::run(step.run(payload.clone(), &call("b"))).as_ref(), Ok(first));
        }
        check(&fuzz::run(ProbeRunner::new(Note, api.ledger(), "fuzz").run(payload, &call("c"))));
    });
});

/// What a payload is, it is again: nothing of it is tried once more.
fn check(outcome: &Result<Value, Fault>) {
    if let Err(fault) = outcome {
        assert!(matches!(fault.kind, Kind::Terminal | Kind::Fenced), "{fault:?}");
    }
}

/// A step that takes something of each kind.
struct Note;

#[derive(Debug, Deserialize)]
struct Params {
    text: String,
    size: Option<u32>,
    ratio: Option<f64>,
    others: Vec<Value>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Named {
    name: String,
}

impl Step for Note {
    const NAME: &'static str = "note";
    type Params = Params;
    type Handle = Named;
    type Output = Value;

    fn handle(&self, mark: &Mark) -> Named {
        Named { name: mark.to_string() }
    }

    async fn apply(&self, _: &Context, params: &Params, handle: &Named) -> Result<Value, Fault> {
        let Params { text, size, ratio, others } = params;
        Ok(
            serde_json::json!({ "name": handle.name, "text": text, "size": size, "ratio": ratio, "others": others }),
        )
    }

    async fn destroy(&self, _: &Mark, _: &Named) -> Result<(), Fault> {
        Ok(())
    }

    async fn observe(&self, _: &Mark, _: &Named) -> Result<Presence, Fault> {
        Ok(Presence::Absent)
    }

    async fn inventory(&self, _: Option<&str>) -> Result<Inventory<Named>, Fault> {
        Ok(Inventory { held: Vec::new(), next: None })
    }
}

impl Probe for Note {
    const NAME: &'static str = "note";
    type Params = Params;
    type Output = Value;

    async fn look(&self, _: &Context, params: &Params) -> Result<Value, Fault> {
        Ok(params.text.clone().into())
    }
}
