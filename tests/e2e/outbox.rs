//! A crash between the commit of a signup and the start of its execution loses nothing.

use tests::api::signup;
use tests::{Fault, Stack};

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn an_execution_that_could_not_be_started_is_started_later_and_once() {
    let stack = Stack::from_env().await;
    let signup = signup("merchant-workspace");
    let name = signup["name"].as_str().expect("a name");
    let lost = |kind| Fault {
        function: Some("tenant-dispatch"),
        service: Some("states"),
        contains: Some(name),
        kind,
        times: Some(2),
        ..Fault::default()
    };
    let refused = stack.inject(&lost("error")).await;
    let unheard = stack.inject(&lost("lost_response")).await;
    let operation = stack.api.sign_up(&signup).await;
    let status = stack.api.ended(&operation).await;
    assert_eq!(status["state"], "succeeded", "{status:#}");
    assert_eq!((stack.hits(refused).await, stack.hits(unheard).await), (2, 2));
    stack.lift(refused).await;
    stack.lift(unheard).await;
    for step in status["steps"].as_array().expect("steps") {
        assert!(
            step["attempts"] == 1 || step["name"].as_str().is_some_and(|name| name.contains("probe")),
            "{step}"
        );
    }
}
