//! Many provisionings at once on the local stack: all come to their end, none is made twice, and the many take no longer each
//! than the few. How many that are in a second is the emulator's: it is one busy core.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use store::{Database, Tenants};
use tenancy::{State, TenantId};
use tests::api::signup;
use tests::merchant_workspace::{BLUEPRINT, WHOLE};
use tests::world::inventory;
use tests::{Operation, Stack};
use tokio::task::JoinSet;

use crate::report::Report;

const CROWDS: [usize; 2] = [200, 1_000];

/// So many sign up at the same moment: the front has a line, too.
const DOORS: usize = 16;

/// A function has so many workers at most. What is refused for that is tried again, as on AWS.
const WORKERS: i32 = 20;

/// A crowd that takes longer does not end.
const PATIENCE: Duration = Duration::from_secs(1_800);

/// Of a thousand, each may take so much longer than of two hundred.
const TARGET: f64 = 1.3;

pub(crate) async fn measure(report: &mut Report) {
    let stack = Stack::from_env().await;
    stack.pace(0.0).await;
    limit(&stack, Some(WORKERS)).await;
    let mut peer: Option<(String, f64)> = None;
    for many in CROWDS {
        let begun = Instant::now();
        let operations = sign_up(&stack, many).await;
        let signed_up = begun.elapsed().as_secs_f64();
        let ends = ends(operations).await;
        let seconds = begun.elapsed().as_secs_f64();
        let whole = all_whole(&stack, &ends).await;
        let of = |state: State| ends.values().filter(|end| **end == state).count() as f64;
        println!("{many} at once: {whole} live, {} failed", of(State::Failed));
        let name = |what: &str| format!("{many} at once: {what}");
        let definite = of(State::Succeeded) + of(State::Failed) + of(State::Stuck);
        report.compare(
            name("signed up"),
            many as f64,
            "",
            ("came to an end, and none twice".to_owned(), definite),
            1.0,
        );
        report.tell(name("live"), whole as f64, "");
        report.tell(name("signups a second"), many as f64 / signed_up, "");
        report.tell(name("provisionings a second"), definite / seconds, "");
        let each = seconds * 1e3 / many as f64;
        match &peer {
            Some(peer) => report.compare(name("time for each"), each, "ms", peer.clone(), TARGET),
            None => report.tell(name("time for each"), each, "ms"),
        }
        peer.get_or_insert((format!("of {many}"), each));
    }
    limit(&stack, None).await;
}

/// As AWS limits an account's functions. The emulator starts a process for each call at once, and a thousand of them are more
/// than this machine has memory for.
async fn limit(stack: &Stack, workers: Option<i32>) {
    let lambda = aws_sdk_lambda::Client::new(&stack.aws);
    let mut pages = lambda.list_functions().into_paginator().send();
    while let Some(page) = pages.next().await {
        for function in page.expect("functions").functions() {
            let name = function.function_name().unwrap_or_default();
            if !name.starts_with(&stack.deployment) {
                continue;
            }
            match workers {
                Some(workers) => {
                    let request = lambda.put_function_concurrency().function_name(name);
                    request.reserved_concurrent_executions(workers).send().await.expect("limited");
                }
                None => {
                    lambda.delete_function_concurrency().function_name(name).send().await.expect("unlimited");
                }
            }
        }
    }
}

async fn sign_up(stack: &Stack, many: usize) -> Vec<Operation> {
    let mut doors: JoinSet<Vec<Operation>> = JoinSet::new();
    for door in 0..DOORS {
        let (api, many) = (stack.api.clone(), many / DOORS + usize::from(door < many % DOORS));
        doors.spawn(async move {
            let mut accepted = Vec::new();
            for _ in 0..many {
                accepted.push(api.sign_up(&signup(BLUEPRINT)).await);
            }
            accepted
        });
    }
    doors.join_all().await.into_iter().flatten().collect()
}

/// How each ends. The tables are asked, not the API: it has enough to do.
#[allow(clippy::disallowed_methods)] // It is looked at now and then.
async fn ends(operations: Vec<Operation>) -> BTreeMap<String, State> {
    let tenants = Tenants::new(Database::from_env().await);
    let (begun, mut ends) = (Instant::now(), BTreeMap::new());
    let mut waiting: VecDeque<Operation> = operations.into();
    while let Some(operation) = waiting.pop_front() {
        let id: TenantId = operation.tenant.parse().expect("an id");
        let found = tenants.operation(&id, operation.id.parse().expect("an id")).await.expect("read");
        let state = found.expect("an operation").value.state;
        if state.is_final() || state == State::Stuck {
            ends.insert(operation.tenant, state);
            continue;
        }
        assert!(begun.elapsed() < PATIENCE, "{} do not end", waiting.len() + 1);
        waiting.push_front(operation);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    ends
}

/// How many are there as they should be, once; of what failed nothing may be there.
async fn all_whole(stack: &Stack, ends: &BTreeMap<String, State>) -> usize {
    let mut found: BTreeMap<&str, BTreeMap<String, usize>> = BTreeMap::new();
    for line in inventory(stack, "").await {
        // An id is a whole word of the line.
        let mut words = line.split(['/', ' ', '"', '@']);
        let owner = words.find_map(|word| Some(ends.get_key_value(word)?.0.as_str()));
        if let Some(owner) = owner {
            let kind = line.split(' ').next().unwrap_or_default().to_owned();
            *found.entry(owner).or_default().entry(kind).or_default() += 1;
        }
    }
    let whole: BTreeMap<String, usize> =
        WHOLE.iter().map(|(kind, many)| ((*kind).to_owned(), *many)).collect();
    let mut live = 0;
    for (id, state) in ends {
        let things = found.remove(id.as_str()).unwrap_or_default();
        match state {
            State::Succeeded => {
                assert_eq!(things, whole, "{id} is there once");
                live += 1;
            }
            State::Stuck => {}
            _ => assert!(things.is_empty(), "{id} has failed, and there is {things:?}"),
        }
    }
    live
}
