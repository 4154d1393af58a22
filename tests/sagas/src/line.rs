//! The way from our functions to the tables.

use std::future::pending;
use std::time::Duration;

use fault::Fault;
use store::{Line, Operation, Way, Write};
use tokio::sync::mpsc::UnboundedSender;

use crate::chaos::{Act, Chaos, Trouble, abandon, crash, pass};
use crate::lambda::CALLER;
use crate::law::Law;
use crate::rights;
use crate::tally::{Running, Tally};

#[derive(Debug)]
pub(crate) struct Wire {
    pub chaos: Chaos,
    pub law: Law,
    /// The stream of the Tenants table, as far as its reader's filter lets it through.
    pub stream: UnboundedSender<(Write, Running)>,
    pub tally: Tally,
}

impl Line for Wire {
    fn there(&self, operation: Operation<'_>) -> Way<Way<()>> {
        if !matches!(operation, Operation::Write(_)) {
            self.tally.read();
        }
        if let Ok(caller) = CALLER.try_with(|caller| caller.name.clone()) {
            rights::check(&caller, &operation);
        }
        let (name, act) = asked(operation);
        let trouble = self.chaos.meet_here(&name, act);
        Box::pin(async move {
            pass(Duration::from_millis(2)).await;
            match trouble {
                Some(Trouble::Unavailable) => return Err(unavailable()),
                Some(Trouble::CrashBefore) => crash().await,
                _ => {}
            }
            Ok(Box::pin(async move {
                match trouble {
                    Some(Trouble::Lost) => return Err(unavailable()),
                    Some(Trouble::Slow) => pass(Duration::from_secs(7)).await,
                    Some(Trouble::Hang) => pending().await,
                    Some(Trouble::CrashAfter) => crash().await,
                    Some(Trouble::Abandoned) => abandon().await,
                    _ => {}
                }
                Ok(())
            }) as Way<()>)
        })
    }

    fn written(&self, writes: &[Write]) {
        self.tally.written(writes);
        self.law.after_write(writes);
        let outbox =
            |write: &&Write| matches!(write, Write::Put { key, .. } if key.sk.starts_with("OUTBOX#"));
        for write in writes.iter().filter(outbox) {
            // Nobody reads the stream any more once a world has ended.
            let _ = self.stream.send((write.clone(), self.tally.running()));
        }
    }
}

/// `store:get-OPERATION`: an operation and the kind of item, without whose it is.
fn asked(operation: Operation<'_>) -> (String, Act) {
    match operation {
        Operation::Get(key) => (format!("store:get-{}", key.kind()), Act::Read),
        Operation::Query(from) => (format!("store:query-{}", from.kind()), Act::Read),
        Operation::Write([write]) => {
            let verb = if matches!(write, Write::Put { .. }) { "put" } else { "delete" };
            (format!("store:{verb}-{}", write.key().kind()), Act::Write)
        }
        Operation::Write(writes) => {
            let kinds: Vec<&str> = writes.iter().map(|write| write.key().kind()).collect();
            (format!("store:transact-{}", kinds.join("-")), Act::Write)
        }
    }
}

fn unavailable() -> Fault {
    Fault::transient("dynamodb did not answer: the simulation").from_provider("dynamodb", None)
}
