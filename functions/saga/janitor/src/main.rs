use lambda_runtime::{Error, LambdaEvent, service_fn};
use saga_janitor::{Input, Janitor};
use step_functions::Executions;
use store::Database;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(env!("CARGO_PKG_NAME"));
    let janitor = Janitor::new(Executions::from_env().await?, Database::from_env().await);
    let janitor = &janitor;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Input>| async move {
        Box::pin(janitor.run(event.payload)).await.map_err(Error::from)
    }))
    .await
}
