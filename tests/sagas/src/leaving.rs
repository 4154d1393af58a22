//! What becomes of a tenant that leaves with days of grace: one tenant, its owner, and an admin.

use std::time::Duration;

use serde_json::{Value, json};
use store::{Certified, Table};
use tenancy::{Kind, OnFailure, Operation, Status};

use crate::blueprints;
use crate::case::THEIRS;
use crate::chaos::{Chaos, Planned, pass};
use crate::client::Ask;
use crate::law::Finding;
use crate::simulated;
use crate::world::World;

/// What happens in the five days of grace, which are five minutes here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meanwhile {
    Nothing,
    /// Its owner comes back, so many seconds later.
    Restored(u64),
    /// An admin holds it at once, and releases it so many seconds later.
    Held(u64),
    /// Somebody stops its execution in the console, so many seconds later.
    Stopped(u64),
    /// It is told so many seconds later to go without what cannot be backed up.
    Skipped(u64, &'static str),
    /// Nothing; but its owner wants it back once it is gone.
    Regretted,
    /// The same, and it is tried again once what kept it from coming back is mended.
    RegrettedTwice,
}

/// How it went.
#[derive(Debug)]
pub struct Left {
    pub status: Status,
    /// How long it took from the request until nothing ran any more, in seconds.
    pub seconds: i64,
    /// What the mails about it were about.
    pub mails: Vec<String>,
    pub certified: Option<Certified>,
    /// What certificates are verified by, as anybody is told.
    pub keys: Value,
    /// The operations that saw it out.
    pub operations: Vec<Operation>,
    /// The executions that were started for it, and those that the janitor started.
    pub executions: (usize, usize),
    /// Whether what its people wrote can be read.
    pub theirs: bool,
    /// What is left of it at providers.
    pub left: Vec<String>,
    /// What must not have been.
    pub broken: Vec<Finding>,
}

impl Left {
    /// A tenant of that blueprint, with what goes wrong.
    #[must_use]
    pub fn of(blueprint: &str, meanwhile: Meanwhile, planned: Vec<Planned>) -> Self {
        simulated(left(blueprint, meanwhile, planned))
    }
}

async fn left(blueprint: &str, meanwhile: Meanwhile, planned: Vec<Planned>) -> Left {
    let deployed = blueprints::named(blueprint);
    let world = World::new(deployed.expect("a blueprint"), Chaos::new(planned), vec![0], 1).await;
    world.ask(Ask::sign_up(blueprint, OnFailure::Compensate, "sign up")).await.expect("an answer");
    rest(&world).await;
    let id = world.tenants()[0].id.to_string();
    let began = world.executions();
    let [began_with, wrote] = THEIRS;
    world.edit(began_with, wrote);

    let begun = clock::now();
    world.ask(Ask::leave(&id, "leave")).await.expect("an answer");
    let wait = |seconds| pass(Duration::from_secs(seconds));
    match meanwhile {
        Meanwhile::Nothing | Meanwhile::Regretted | Meanwhile::RegrettedTwice => {}
        Meanwhile::Restored(seconds) => {
            wait(seconds).await;
            ask(&world, &id, "restore").await;
        }
        Meanwhile::Held(seconds) => {
            ask(&world, &id, "hold").await;
            wait(seconds).await;
            assert_eq!(world.tenants()[0].status, Status::Cancelling, "it is held");
            ask(&world, &id, "release").await;
        }
        Meanwhile::Stopped(seconds) => {
            wait(seconds).await;
            world.stop_executions();
        }
        Meanwhile::Skipped(seconds, step) => {
            wait(seconds).await;
            let tenant = world.tenants().remove(0);
            let operation = tenant.operation.expect("it waits");
            let path = format!("/v1/tenants/{id}/operations/{operation}/skip");
            let skip = Ask::post("skip", path, "skip", json!({ "step": step }));
            assert_eq!(world.ask(skip).await.map(|answer| answer.status), Some(202));
        }
    }
    rest(&world).await;
    let begin = async |act: &'static str| {
        let begin =
            Ask::post(act, format!("/v1/tenants/{id}/{act}"), act, json!({ "reason": "they came back" }));
        assert_eq!(world.ask(begin).await.map(|answer| answer.status), Some(202), "{act}");
        rest(&world).await;
    };
    if matches!(meanwhile, Meanwhile::Regretted | Meanwhile::RegrettedTwice) {
        assert_eq!((world.tenants()[0].status, world.says(wrote)), (Status::Deleted, false), "it is gone");
        begin("restore").await;
    }
    if meanwhile == Meanwhile::RegrettedTwice {
        assert_eq!((world.tenants()[0].status, world.says(wrote)), (Status::Failed, false), "it failed");
        assert_eq!(left_of(&world, &id), Vec::<String>::new());
        world.chaos().mend();
        begin("retry").await;
    }
    let seconds = clock::now().as_second() - begun.as_second();
    let rows = world.tables().table(Table::Tenants);
    let operations = world.operations().into_iter();
    let certified = rows.iter().find(|row| row.key.sk.starts_with("CERTIFICATE#"));
    let keys = Ask::post("keys", "/v1/certificate-keys".to_owned(), "keys", json!({}));
    let keys = world.ask(Ask { method: "GET".to_owned(), body: Value::Null, ..keys }).await;
    Left {
        status: world.tenants()[0].status,
        seconds,
        mails: world.subjects().into_iter().filter(|about| about.contains("deleted")).collect(),
        certified: certified.map(|row| row.decode().expect("a certificate")),
        keys: keys.expect("an answer").body,
        operations: operations.filter(|operation| operation.kind == Kind::Offboard).collect(),
        executions: (world.executions() - began, world.rescues()),
        theirs: world.says(wrote),
        left: left_of(&world, &id),
        broken: world.law().broken().into_iter().collect(),
    }
}

fn left_of(world: &World, id: &str) -> Vec<String> {
    world.law().things().into_iter().map(|thing| thing.name).filter(|name| name.contains(id)).collect()
}

async fn rest(world: &World) {
    pass(Duration::from_secs(1)).await;
    assert!(world.rest().await, "something still runs after a week");
}

async fn ask(world: &World, id: &str, act: &str) {
    let ask = Ask::post(act, format!("/v1/tenants/{id}/{act}"), act, json!({}));
    assert_eq!(world.ask(ask).await.map(|answer| answer.status), Some(200), "{act}");
}
