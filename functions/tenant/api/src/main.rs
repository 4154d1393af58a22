use std::error::Error;

use seal::Seal;
use secrets::{Kept, SecretRef, Vault};
use sqs::Queue;
use store::Database;
use tenancy::Calendar;
use tenant_api::{ClaimNames, Letters, Notifier, Platform, Settings, SignupKey, SignupLimits};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init(env!("CARGO_PKG_NAME"));
    let (db, settings) = (Database::from_env().await, settings().await?);
    lambda_http::run(tenant_api::router(db, settings)?).await
}

async fn settings() -> Result<Settings, Box<dyn Error + Send + Sync>> {
    let signup_key = match aws::variable("SIGNUP_KEY_SECRET") {
        Ok(name) => Some(SignupKey::new(Kept::new(Vault::from_env().await, SecretRef(name)))),
        Err(_) => None,
    };
    // Without them tenants have no domains of their own.
    let domain = aws::variable("CLOUDFLARE_ZONE_NAME").ok();
    let target = aws::variable("DOMAIN_TARGET").ok();
    let keys = aws::variable("PROVIDER_KEYS")?;
    // `neon=` has no key.
    let missing = keys.split(',').filter_map(|key| key.strip_suffix('=')).map(str::to_owned);
    Ok(Settings {
        claim_names: ClaimNames {
            role: aws::variable("ROLE_CLAIM")?,
            tenant: aws::variable("TENANT_CLAIM")?,
        },
        signup_key,
        limits: SignupLimits {
            per_address: aws::variable("SIGNUPS_PER_ADDRESS")?.parse()?,
            per_email_domain: aws::variable("SIGNUPS_PER_EMAIL_DOMAIN")?.parse()?,
            trials_per_card: aws::variable("TRIALS_PER_CARD")?.parse()?,
        },
        calendar: Calendar::parse(&aws::variable("GRACE_DAY_SECONDS")?, "")?,
        separation_of_duty: aws::variable("SEPARATION_OF_DUTY")? == "true",
        platform: domain.zip(target).map(|(domain, target)| Platform { domain, target }),
        letters: Some(Letters {
            queue: Queue::from_env("BILLING_QUEUE").await?,
            dead: Queue::from_env("BILLING_DEAD_LETTERS").await?,
        }),
        missing_accounts: missing.collect(),
        notifier: Some(Notifier {
            seal: Seal::from_env().await?,
            errands: Queue::from_env("ERRANDS_QUEUE").await?,
            private: aws::variable("WEBHOOKS_MAY_BE_PRIVATE")? == "true",
            deployment: aws::variable("DEPLOYMENT")?,
        }),
    })
}
