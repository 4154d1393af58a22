//! A function's role may do what the function does, and nothing else: everything is tried with the role itself, on
//! every table, secret, machine, function, user pool and bucket of the deployment.
//!
//! Machines' roles are not enforced by the emulator: `conformance/template.rs` reads them.

mod attempts;
mod session;

use std::collections::{BTreeMap, BTreeSet};

use tests::Stack;
use tokio::task::JoinSet;

use crate::attempts::World;

#[tokio::test]
#[ignore = "needs the local stack: make test"]
#[allow(clippy::print_stdout)] // How much was tried.
async fn a_role_may_do_what_its_function_does_and_nothing_else() {
    let stack = Stack::from_env().await;
    let (roles, expected) = (roles(&stack).await, sagas::rights::written());
    let deployed: BTreeSet<_> = roles.keys().collect();
    assert_eq!(deployed, expected.keys().collect(), "the functions there are, and those of roles.txt");
    let world = World::of(&stack, roles.keys().cloned().collect()).await;
    let (mut tried, mut denied, mut problems) = (0, 0, Vec::new());
    for (function, role) in &roles {
        let session = session::assume(&stack, role).await;
        let may = &expected[function];
        let mut answers = JoinSet::new();
        let mut unknown = may.clone();
        for (right, refused) in world.attempts(&session) {
            unknown.remove(&right);
            // What it may start is not started for nothing: the other tests see that it is.
            if right.0 == "machines" && may.contains(&right) {
                continue;
            }
            answers.spawn(async move { (right, refused.await) });
        }
        for (right, refused) in answers.join_all().await {
            tried += 1;
            denied += usize::from(refused);
            let (thing, action) = &right;
            match (may.contains(&right), refused) {
                (true, true) => problems.push(format!("{function} may not {action} on {thing}, and is to")),
                (false, false) => problems.push(format!("{function} may {action} on {thing}")),
                _ => {}
            }
        }
        problems.extend(
            unknown.iter().map(|(thing, action)| format!("{function}: nobody tries {action} on {thing}")),
        );
    }
    println!("{tried} combinations tried by {} roles, {denied} denied", roles.len());
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

/// The role of each function of a deployment.
async fn roles(stack: &Stack) -> BTreeMap<String, String> {
    let prefix = format!("{}-", stack.deployment);
    let mut pages = aws_sdk_lambda::Client::new(&stack.aws).list_functions().into_paginator().send();
    let mut found = BTreeMap::new();
    while let Some(page) = pages.next().await {
        for function in page.expect("functions").functions() {
            let name = function.function_name().and_then(|name| name.strip_prefix(&prefix));
            found.extend(name.zip(function.role()).map(|(name, role)| (name.to_owned(), role.to_owned())));
        }
    }
    found
}
