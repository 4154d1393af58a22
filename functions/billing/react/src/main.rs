use billing::subscription_webhook::Sold;
use billing::{PlanNames, Policy};
use billing_react::{Input, Office, React, Settings};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use ses::Mailer;
use sqs::Queue;
use store::Database;
use tenancy::Calendar;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(env!("CARGO_PKG_NAME"));
    let post = Office {
        queue: Queue::from_env("BILLING_QUEUE").await?,
        dead: Queue::from_env("BILLING_DEAD_LETTERS").await?,
        mailer: Mailer::from_env().await?,
    };
    let react = React { post, db: Database::from_env().await, settings: settings()? };
    let react = &react;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Input>| async move {
        // Boxed: with SDK calls inside, the type of the whole would be too deep for the compiler.
        Box::pin(react.run(event.payload)).await.map_err(|fault| {
            tracing::warn!(fault = fault.kind.name(), "not done, and tried again: {fault}");
            Error::from(fault)
        })
    }))
    .await
}

fn settings() -> Result<Settings, Error> {
    let policy = Policy::days(
        aws::variable("READ_ONLY_AFTER")?.parse()?,
        aws::variable("SUSPEND_AFTER")?.parse()?,
        aws::variable("TRIAL_NOTICE")?.parse()?,
    );
    Ok(Settings {
        blueprint: aws::variable("BILLING_BLUEPRINT")?,
        prices: PlanNames::parse(&aws::variable("BILLING_PLANS").unwrap_or_default()),
        sold: Sold::parse(
            &aws::variable("BILLING_TIERS").unwrap_or_default(),
            &aws::variable("BILLING_REGIONS").unwrap_or_default(),
        ),
        policy,
        grace_days: aws::variable("GRACE_DAYS")?.parse()?,
        calendar: Calendar::parse(&aws::variable("GRACE_DAY_SECONDS")?, "")?,
    })
}
