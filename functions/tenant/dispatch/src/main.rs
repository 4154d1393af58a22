use std::collections::HashMap;

use aws_lambda_events::dynamodb::Event;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use store::Database;
use tenancy::Kind;
use tenant_dispatch::Dispatch;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let dispatch = Dispatch {
        step_functions: aws_sdk_sfn::Client::new(&aws::config().await),
        db: Database::from_env().await,
        machines: HashMap::from([
            (Kind::Provision, aws::variable("PROVISION_MACHINE")?),
            (Kind::Delete, aws::variable("TEARDOWN_MACHINE")?),
        ]),
    };
    let dispatch = &dispatch;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Event>| async move {
        dispatch.run(event.payload).await.map_err(Error::from)
    }))
    .await
}
