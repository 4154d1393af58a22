use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use reach::Reach;
use seal::Seal;
use sqs::Queue;
use store::{Database, Webhooks};
use webhook_deliver::Deliver;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(env!("CARGO_PKG_NAME"));
    let private = aws::variable("WEBHOOKS_MAY_BE_PRIVATE")? == "true";
    let deliver = Deliver {
        webhooks: Webhooks::new(Database::from_env().await),
        errands: Queue::from_env("ERRANDS_QUEUE").await?,
        seal: Seal::from_env().await?,
        reach: if private { Reach::anywhere() } else { Reach::network() },
        patience: aws::variable("WEBHOOK_PATIENCE")?.parse()?,
    };
    let deliver = &deliver;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| async move {
        deliver.run(event.payload).await.map_err(Error::from)
    }))
    .await
}
