use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use fault::{Fault, Kind};
use saga::{Archive, BackUp, BackedUp, Copied, Holding, Noted, Part, Runner};
use serde_json::{Value, json};
use store::ResourceLedger;
use tenancy::Mark;

use crate::lab::{Lab, caller};
use crate::provider::{Handle, MakeThing, Thing};
use crate::turns::run;

/// What a thing holds is its size.
impl BackUp for MakeThing {
    async fn back_up(&self, mark: &Mark, handle: &Handle, take: &str) -> Result<Holding, Fault> {
        Ok(match self.0.things().get(&handle.name).filter(|thing| thing.owner == mark.to_string()) {
            Some(Thing { size: 0, .. }) => {
                Holding::OutOfReach(format!("nobody can read a thing of no size, as {take} says"))
            }
            Some(Thing { size, .. }) => Holding::Copies(vec![Copied {
                path: "size".to_owned(),
                content_type: "text/plain".to_owned(),
                body: size.to_string().into_bytes(),
            }]),
            None => Holding::Copies(Vec::new()),
        })
    }

    async fn restore(&self, mark: &Mark, handle: &Handle, copies: Vec<Copied>) -> Result<(), Fault> {
        for copy in copies {
            let size = String::from_utf8_lossy(&copy.body).parse().map_err(|_| Fault::terminal("no size"))?;
            self.0.resize(&handle.name, &mark.to_string(), size);
        }
        Ok(())
    }
}

/// An archive that remembers.
#[derive(Clone, Debug, Default)]
struct Shelf(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl Shelf {
    fn kept(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.0.lock().expect("no panic while it is held")
    }
}

impl Archive for Shelf {
    async fn keep(&self, key: &str, body: Vec<u8>) -> Result<(), Fault> {
        self.kept().insert(key.to_owned(), body);
        Ok(())
    }

    async fn note(&self, key: &str, body: Vec<u8>) -> Result<bool, Fault> {
        let mut kept = self.kept();
        let free = !kept.contains_key(key);
        kept.entry(key.to_owned()).or_insert(body);
        Ok(free)
    }

    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.kept().get(key).cloned())
    }
}

struct Bench {
    lab: Lab,
    shelf: Shelf,
    step: BackedUp<MakeThing, ResourceLedger, Shelf>,
}

impl Bench {
    /// A thing of that size, and its step.
    fn holding(size: u32) -> Self {
        let (lab, shelf) = (Lab::new(), Shelf::default());
        lab.made(size).expect("made");
        let runner = Runner::new(MakeThing(lab.provider.clone()), lab.ledger.clone(), "lab");
        Self { step: BackedUp::new(runner, shelf.clone()), lab, shelf }
    }

    fn asked(&self, more: Value) -> Result<Value, Fault> {
        let mut payload = json!({ "operation": self.lab.operation, "tenant": { "id": self.lab.tenant } });
        if let (Some(payload), Value::Object(more)) = (payload.as_object_mut(), more) {
            payload.extend(more);
        }
        run(self.step.run(payload, &caller("a call")))
    }

    fn back_up(&self, take: &str) -> Result<Option<Noted>, Fault> {
        let answer = self.asked(json!({ "action": "backup", "take": take }))?;
        Ok(serde_json::from_value(answer).expect("a note, or none"))
    }

    fn restore(&self, part: &Noted) -> Result<Value, Fault> {
        self.asked(json!({ "action": "restore", "part": part }))
    }
}

#[test]
fn what_a_resource_holds_is_kept_and_comes_back_to_the_byte() {
    let bench = Bench::holding(7);
    let noted = bench.back_up("1").expect("kept").expect("a part");
    let part: Part = run(noted.read(&bench.shelf)).expect("genuine");
    assert_eq!((part.objects.len(), part.objects[0].bytes), (1, 1));
    assert!(part.objects[0].key.ends_with(&part.objects[0].sha256), "a copy is named by its content");
    bench.lab.provider.resize(&bench.lab.name(), &bench.lab.mark(), 3);
    bench.restore(&noted).expect("put back");
    assert_eq!(bench.lab.thing().map(|thing| thing.size), Some(7));
}

/// A call that nobody waits for any more reads what another has begun to destroy.
#[test]
fn what_was_kept_first_stands_whatever_comes_later() {
    let bench = Bench::holding(7);
    let first = bench.back_up("1").expect("kept");
    bench.lab.provider.resize(&bench.lab.name(), &bench.lab.mark(), 9);
    assert_eq!(bench.back_up("1").expect("kept"), first, "the same take is the same");
    assert_ne!(bench.back_up("2").expect("kept"), first, "another is another");
    bench.restore(&first.expect("a part")).expect("put back");
    assert_eq!(bench.lab.thing().map(|thing| thing.size), Some(7));
}

/// Nothing is written before everything is proven.
#[test]
fn what_is_not_what_was_kept_is_not_put_back() {
    let bench = Bench::holding(7);
    let noted = bench.back_up("1").expect("kept").expect("a part");
    let part: Part = run(noted.read(&bench.shelf)).expect("genuine");
    for key in [&part.objects[0].key, &noted.key] {
        let genuine = bench.shelf.kept().insert(key.clone(), b"1".to_vec()).expect("there");
        let fault = bench.restore(&noted).expect_err("somebody has changed it");
        assert_eq!(fault.kind, Kind::Terminal);
        assert!(fault.cause.contains("checksum"), "{fault}");
        bench.shelf.kept().insert(key.clone(), genuine);
    }
    bench.shelf.kept().remove(&part.objects[0].key);
    assert!(bench.restore(&noted).expect_err("gone").cause.contains("has no"));
    assert_eq!(
        bench.lab.thing().map(|thing| (thing.size, thing.writes)),
        Some((7, 1)),
        "nothing was touched"
    );
}

#[test]
fn what_is_out_of_reach_is_said() {
    let bench = Bench::holding(0);
    for take in ["1", "2"] {
        let noted = bench.back_up(take).expect("said").expect("a part");
        let part: Part = run(noted.read(&bench.shelf)).expect("genuine");
        // A step finds by it again what it began for this take, and for no other of any operation.
        let why = format!("nobody can read a thing of no size, as {}-{take} says", bench.lab.operation);
        assert_eq!(part.out_of_reach, Some(why));
    }
}

#[test]
fn what_is_gone_or_never_was_holds_nothing() {
    let bench = Bench::holding(7);
    bench.lab.destroyed().expect("gone");
    assert_eq!(bench.back_up("1").expect("nothing"), None);
    assert!(bench.shelf.kept().is_empty());
}

/// Invariant 5.
#[test]
fn behind_the_fence_nothing_is_kept_and_nothing_put_back() {
    let bench = Bench::holding(7);
    let noted = bench.back_up("1").expect("kept").expect("a part");
    run(bench.lab.fence());
    assert_eq!(bench.back_up("2").expect_err("too late").kind, Kind::Fenced);
    assert_eq!(bench.restore(&noted).expect_err("too late").kind, Kind::Fenced);
}

/// The machine asks every step: who has nothing to keep says so.
#[test]
fn a_step_without_a_backup_has_nothing_to_keep() {
    let lab = Lab::new();
    lab.made(7).expect("made");
    let payload = json!({ "action": "backup", "operation": lab.operation, "tenant": { "id": lab.tenant }, "take": "1" });
    assert_eq!(run(lab.make.run(payload, &caller("a call"))).expect("an answer"), Value::Null);
}
