use aws_lambda_events::dynamodb::Event;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use step_functions::Executions;
use store::Database;
use tenant_dispatch::Dispatch;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(env!("CARGO_PKG_NAME"));
    let dispatch = Dispatch { executions: Executions::from_env().await?, db: Database::from_env().await };
    let dispatch = &dispatch;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Event>| async move {
        dispatch.run(event.payload).await.map_err(Error::from)
    }))
    .await
}
