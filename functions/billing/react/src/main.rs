use std::error::Error;

use billing::subscription_webhook::Sold;
use billing::{PlanNames, Policy};
use billing_react::{Office, React, Settings};
use ses::Mailer;
use sqs::Queue;
use store::Database;
use tenancy::Calendar;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), saga::Error> {
    let post = Office {
        queue: Queue::from_env("BILLING_QUEUE").await?,
        dead: Queue::from_env("BILLING_DEAD_LETTERS").await?,
        mailer: Mailer::from_env().await?,
    };
    let react = React { post, db: Database::from_env().await, settings: settings()? };
    saga::function("billing-react", async |input, _| react.run(input).await).await
}

fn settings() -> Result<Settings, Box<dyn Error + Send + Sync>> {
    let days = |name| -> Result<u16, Box<dyn Error + Send + Sync>> { Ok(aws::variable(name)?.parse()?) };
    Ok(Settings {
        deployment: aws::variable("DEPLOYMENT")?,
        blueprint: aws::variable("BILLING_BLUEPRINT")?,
        prices: PlanNames::parse(&aws::variable("BILLING_PLANS").unwrap_or_default()),
        sold: Sold::parse(
            &aws::variable("BILLING_TIERS").unwrap_or_default(),
            &aws::variable("BILLING_REGIONS").unwrap_or_default(),
        ),
        policy: Policy::days(days("READ_ONLY_AFTER")?, days("SUSPEND_AFTER")?, days("TRIAL_NOTICE")?),
        grace_days: days("GRACE_DAYS")?,
        calendar: Calendar::parse(&aws::variable("GRACE_DAY_SECONDS")?, "")?,
    })
}
