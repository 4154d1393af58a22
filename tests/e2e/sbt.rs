//! As the application plane of an AWS SaaS Builder Toolkit: what its control plane puts onto the bus is done, and answered there.

use aws_sdk_eventbridge::types::{PutEventsRequestEntry, Target};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};
use tests::Stack;
use tests::api::{pause, signup};

/// A control plane: asks, and listens to the answers.
struct ControlPlane {
    stack: Stack,
    events: aws_sdk_eventbridge::Client,
    queues: aws_sdk_sqs::Client,
    bus: String,
    queue: String,
    heard: Vec<Value>,
}

impl ControlPlane {
    /// Listens to what an application plane says of one tenant.
    async fn of(theirs: &str) -> Self {
        let stack = Stack::from_env().await;
        let (events, queues) =
            (aws_sdk_eventbridge::Client::new(&stack.aws), aws_sdk_sqs::Client::new(&stack.aws));
        let bus = stack.output("EventBus").to_owned();
        let queue = queues
            .create_queue()
            .queue_name(theirs)
            .send()
            .await
            .expect("a queue")
            .queue_url
            .expect("its URL");
        let arn =
            queues.get_queue_attributes().queue_url(&queue).attribute_names(QueueAttributeName::QueueArn);
        let arn = arn.send().await.expect("attributes").attributes.expect("attributes");
        let pattern =
            json!({ "source": ["applicationPlaneEventSource"], "detail": { "tenantId": [theirs] } });
        let rule = events.put_rule().name(theirs).event_bus_name(&bus).event_pattern(pattern.to_string());
        rule.send().await.expect("a rule");
        let target =
            Target::builder().id("queue").arn(&arn[&QueueAttributeName::QueueArn]).build().expect("a target");
        let targets = events.put_targets().rule(theirs).event_bus_name(&bus).targets(target);
        targets.send().await.expect("it listens");
        Self { stack, events, queues, bus, queue, heard: Vec::new() }
    }

    async fn ask(&self, kind: &str, detail: &Value) {
        let entry =
            PutEventsRequestEntry::builder().event_bus_name(&self.bus).source("controlPlaneEventSource");
        let entry = entry.detail_type(kind).detail(detail.to_string()).build();
        let put = self.events.put_events().entries(entry).send().await.expect("the bus answers");
        assert_eq!(put.failed_entry_count(), 0);
    }

    /// Waits for an answer, and gives its detail.
    async fn answer(&mut self, kind: &str) -> Value {
        for _ in 0..600 {
            let taken =
                self.queues.receive_message().queue_url(&self.queue).max_number_of_messages(10).send().await;
            for letter in taken.expect("the queue answers").messages.unwrap_or_default() {
                self.heard.push(serde_json::from_str(&letter.body.expect("a body")).expect("an event"));
                let delete = self.queues.delete_message().queue_url(&self.queue);
                delete
                    .receipt_handle(letter.receipt_handle.expect("a receipt"))
                    .send()
                    .await
                    .expect("deleted");
            }
            if let Some(answer) = self.heard.iter().find(|event| event["detail-type"] == kind) {
                return answer["detail"].clone();
            }
            pause().await;
        }
        panic!("there is no {kind}: {:#?}", self.heard);
    }
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_control_planes_tenant_is_onboarded_deactivated_activated_and_offboarded() {
    let mut random = [0; 8];
    getrandom::fill(&mut random).expect("randomness");
    let theirs = format!("sbt-{}", hex::encode(random));
    let mut control = ControlPlane::of(&theirs).await;
    let signup = signup("merchant-workspace");
    let detail = json!({
        "registrationStatus": "In progress", "tenantName": signup["name"], "email": signup["email"], "tier": "basic",
        "tenantId": theirs, "tenantRegistrationId": "r-1",
    });
    control.ask("onboardingRequest", &detail).await;
    // A bus delivers at least once.
    control.ask("onboardingRequest", &detail).await;
    let onboarded = control.answer("provisionSuccess").await;
    assert_eq!((&onboarded["tenantId"], &onboarded["tenantRegistrationId"]), (&json!(theirs), &json!("r-1")));
    let kept = &onboarded["jobOutput"]["tenantData"];
    let id = kept["tenantryTenantId"].as_str().expect("what we call it").to_owned();
    let tenant = control.stack.api.tenant(&id).await;
    assert_eq!(
        (&tenant["plan"], &kept["siteUrl"]),
        (&json!("starter"), &tenant["endpoints"]["site"]),
        "{kept:#}"
    );
    assert_eq!(onboarded["jobOutput"]["tenantRegistrationData"]["registrationStatus"], "Created");

    control.ask("deactivateRequest", &json!({ "tenantId": theirs })).await;
    control.answer("deactivateSuccess").await;
    assert_eq!(control.stack.api.tenant(&id).await["status"], "suspended");
    control.ask("activateRequest", &json!({ "tenantId": theirs })).await;
    control.answer("activateSuccess").await;
    assert_eq!(control.stack.api.tenant(&id).await["status"], "active");
    control.ask("offboardingRequest", &json!({ "tenantId": theirs, "tenantRegistrationId": "r-1" })).await;
    control.answer("deprovisionSuccess").await;
    assert_eq!(control.stack.api.tenant(&id).await["status"], "deleted");
    let provisioned = control.heard.iter().filter(|event| event["detail-type"] == "provisionSuccess").count();
    assert_eq!(provisioned, 1, "it was made once");
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn what_a_control_plane_asks_for_that_cannot_be_is_answered_with_the_reason() {
    let mut random = [0; 8];
    getrandom::fill(&mut random).expect("randomness");
    let theirs = format!("sbt-{}", hex::encode(random));
    let mut control = ControlPlane::of(&theirs).await;
    let detail = json!({ "tenantId": theirs, "tenantName": "Acme", "email": "no address", "tier": "gold" });
    control.ask("onboardingRequest", &detail).await;
    let refused = control.answer("provisionFailure").await;
    let cause = refused["jobOutput"]["tenantData"]["failureCause"].as_str().expect("a cause");
    assert!(cause.contains("email") && cause.contains("plan"), "{cause}");
}
