use aws_lambda_events::sqs::SqsEvent;
use event_bridge::Bus;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use sbt_receive::{Offer, Receive};
use store::{Catalogue, Database, Tenants};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(env!("CARGO_PKG_NAME"));
    let db = Database::from_env().await;
    let receive = Receive {
        tenants: Tenants::new(db.clone()),
        catalogue: Catalogue::new(db.clone()),
        db,
        bus: Bus::from_env().await?,
        source: aws::variable("SBT_SOURCE")?,
        offer: Offer {
            blueprint: aws::variable("SBT_BLUEPRINT").unwrap_or_default(),
            plans: aws::variable("SBT_PLANS").unwrap_or_default().parse()?,
        },
    };
    let receive = &receive;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| async move {
        receive.run(event.payload).await.map_err(Error::from)
    }))
    .await
}
