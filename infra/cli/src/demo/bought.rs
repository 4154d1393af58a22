use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;
use reqwest::{Client, StatusCode, Url};
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tenancy::{Status, SubscriptionId, Tenant};
use ulid::Ulid;

use super::visitor::Visitor;
use crate::api::{Api, unanswered};
use crate::session::Session;
use crate::tenant::certificate::certificate;

/// What a tenant is bought with.
#[derive(Clone, Debug, Args)]
pub(crate) struct Biller {
    /// Have a tenant bought: by an event of Stripe's, to its cancellation and its end.
    #[arg(long, requires = "stripe_secret")]
    pub(crate) bought: bool,
    /// What Stripe signs its webhooks with; only --bought needs it.
    #[arg(long, env = "TENANTRY_STRIPE_SECRET", hide_env_values = true)]
    stripe_secret: Option<SecretString>,
}

/// A subscription at Stripe, whose events we tell in its place.
#[derive(Debug)]
struct Subscription<'a> {
    id: SubscriptionId,
    name: String,
    begins: i64,
    secret: &'a SecretString,
    webhook: Url,
    http: Client,
}

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// From a signed event to an active tenant, to cancelled, to gone.
pub(super) async fn live_and_end(
    session: &Session,
    biller: &Biller,
    visitor: &Visitor,
    name: String,
) -> Result<()> {
    let api = &session.api;
    let Some(secret) = &biller.stripe_secret else { return Err("say what Stripe signs with".into()) };
    let id = format!("sub_demo{}", Ulid::generate()).parse()?;
    let webhook = api.url(&["billing", "stripe"]);
    let begins = Timestamp::now().as_second();
    let subscription = Subscription { id, name, begins, secret, webhook, http: http_client::client() };
    let clock = Instant::now();
    let told = |what: &str| println!("{:6.1}s  {what}", clock.elapsed().as_secs_f64());

    subscription.say("customer.subscription.created", "active").await?;
    told(&format!("Stripe says that {} has subscribed ({})", subscription.name, subscription.id));
    let id = loop {
        match api.subscription(&subscription.id).await {
            Ok(known) if known.read.tenant.is_some() => break known.read.tenant.ok_or("no tenant")?,
            Err(error) if error.is_missing() => {}
            other => drop(other?),
        }
        wait().await;
    };
    told(&format!("tenant {id} is being provisioned"));
    print!("{}", session.link(&id, None));
    let tenant = reaches(api, &id, Status::Active).await?;
    told("it is active");
    super::visit(&tenant, visitor).await?;
    subscription.say("customer.subscription.created", "active").await?;
    told("Stripe says it again: nothing happens");

    subscription.say("customer.subscription.deleted", "canceled").await?;
    told("Stripe says that the subscription has ended");
    reaches(api, &id, Status::Cancelling).await?;
    told("it is cancelled, and can be restored while the grace lasts");
    reaches(api, &id, Status::Deleted).await?;
    told("it is deleted");
    certificate(session, &id, true).await?;
    print!("{}", session.link(&id, None));
    Ok(())
}

async fn reaches(api: &Api, id: &tenancy::TenantId, status: Status) -> Result<Tenant> {
    loop {
        let tenant = api.tenant(id).await?.read;
        match tenant.status {
            reached if reached == status => return Ok(tenant),
            Status::Failed | Status::Stuck => return Err(format!("tenant {id} is {}", tenant.status).into()),
            _ => wait().await,
        }
    }
}

#[allow(clippy::disallowed_methods)] // A person waits for the answer.
async fn wait() {
    tokio::time::sleep(Duration::from_millis(200)).await;
}

impl Subscription<'_> {
    /// Tells an event as Stripe does, signed. Said again within a second, it is the same.
    async fn say(&self, kind: &str, status: &str) -> Result<()> {
        const MONTH: i64 = 30 * 86_400;
        let ended = (status == "canceled").then_some(self.begins + 1);
        let item = json!({
            "price": { "id": "starter", "object": "price" }, "current_period_end": self.begins + MONTH,
        });
        let object = json!({
            "id": self.id, "object": "subscription", "status": status, "ended_at": ended,
            "items": { "object": "list", "data": [item] },
            "metadata": { "tenant_name": self.name, "email": format!("owner@{}.example", tenancy::slug_of(&self.name)) },
        });
        let event = json!({
            "id": format!("evt_{}_{status}", self.id), "object": "event", "type": kind, "livemode": false,
            "created": self.begins + i64::from(ended.is_some()), "data": { "object": object },
        });
        let answer = self.post(&event).await?;
        if answer == StatusCode::OK { Ok(()) } else { Err(format!("the webhook answers {answer}").into()) }
    }

    /// docs.stripe.com, "Verify webhook signatures manually".
    async fn post(&self, event: &Value) -> Result<StatusCode> {
        let (body, now) = (event.to_string(), Timestamp::now().as_second());
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.expose_secret().as_bytes());
        let signature = hmac::sign(&key, format!("{now}.{body}").as_bytes());
        let signature = format!("t={now},v1={}", hex::encode(signature));
        let request = self.http.post(self.webhook.clone()).header("stripe-signature", signature);
        let answer = request.header("content-type", "application/json").body(body).send().await;
        Ok(answer.map_err(|e| unanswered(&e))?.status())
    }
}
