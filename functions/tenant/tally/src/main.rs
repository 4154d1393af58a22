use lambda_runtime::{Error, LambdaEvent, service_fn};
use sqs::Queue;
use store::{Database, Figures, Tenants};
use tenant_tally::{Input, Tally};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(env!("CARGO_PKG_NAME"));
    let db = Database::from_env().await;
    let letters = Queue::from_env("TALLY_QUEUE").await?;
    let tally = Tally { figures: Figures::new(db.clone()), tenants: Tenants::new(db), letters };
    let tally = &tally;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Input>| async move {
        // Boxed: with SDK calls inside, the type of the whole would be too deep for the compiler.
        Box::pin(tally.run(event.payload)).await.map_err(Error::from)
    }))
    .await
}
