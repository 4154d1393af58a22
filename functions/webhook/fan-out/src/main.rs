use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use sqs::Queue;
use store::{Database, Webhooks};
use webhook_fan_out::FanOut;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(env!("CARGO_PKG_NAME"));
    let webhooks = Webhooks::new(Database::from_env().await);
    let fan_out = FanOut { webhooks, errands: Queue::from_env("ERRANDS_QUEUE").await? };
    let fan_out = &fan_out;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| async move {
        fan_out.run(event.payload).await.map_err(Error::from)
    }))
    .await
}
