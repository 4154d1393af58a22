use aws_lambda_events::dynamodb::Event;
use event_bridge::Bus;
use event_publish::Publish;
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(env!("CARGO_PKG_NAME"));
    let publish = Publish { bus: Bus::from_env().await?, deployment: aws::variable("DEPLOYMENT")? };
    let publish = &publish;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Event>| async move {
        publish.run(event.payload).await.map_err(Error::from)
    }))
    .await
}
