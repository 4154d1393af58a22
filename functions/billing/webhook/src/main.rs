use billing::subscription_webhook::Sold;
use billing_webhook::{Keys, Office, Webhook};
use lambda_http::Error;
use secrets::Vault;
use sqs::Queue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(env!("CARGO_PKG_NAME"));
    let vault = Vault::from_env().await;
    let desk = Office {
        stripe: Keys::new(vault.clone(), aws::variable("STRIPE_WEBHOOK_SECRET").ok()),
        subscriptions: Keys::new(vault, aws::variable("BILLING_WEBHOOK_SECRET").ok()),
        queue: Queue::from_env("BILLING_QUEUE").await?,
    };
    let sold = Sold::parse(
        &aws::variable("BILLING_TIERS").unwrap_or_default(),
        &aws::variable("BILLING_REGIONS").unwrap_or_default(),
    );
    let webhook = Webhook { desk, sold };
    lambda_http::run(webhook.router()).await
}
