use aws_lambda_events::sqs::SqsEvent;
use event_bridge::Bus;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use sbt_report::Report;
use store::{Database, Tenants};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(env!("CARGO_PKG_NAME"));
    let db = Database::from_env().await;
    let (bus, source) = (Bus::from_env().await?, aws::variable("SBT_SOURCE")?);
    let report = Report { tenants: Tenants::new(db.clone()), db, bus, source };
    let report = &report;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| async move {
        report.run(event.payload).await.map_err(Error::from)
    }))
    .await
}
