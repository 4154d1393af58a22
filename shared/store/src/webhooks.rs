use std::fmt;

use events::{Delivery, DeliveryId, Errand, Event, Webhook};
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use tenancy::WebhookId;

use crate::audit::{Audit, By};
use crate::claims::{RequestKey, claim, commit};
use crate::database::{Condition, Database, Error, Key, Page, Row, Table, Write};
use crate::tenants::{Refusal, Versioned, random};

/// How long a delivery is kept, from its last change.
const DAYS: i64 = 30;

/// All webhooks: few for a deployment.
const ALL: &str = "WEBHOOKS";

/// Who is told what happens, and what became of each delivery.
#[derive(Clone, Debug)]
pub struct Webhooks {
    db: Database,
}

impl Webhooks {
    #[must_use]
    pub fn new(db: Database) -> Self {
        Self { db }
    }

    /// An id that nothing has.
    #[must_use]
    pub fn draw(now: Timestamp) -> WebhookId {
        let millisecond = u64::try_from(now.as_millisecond()).unwrap_or_default();
        WebhookId::new(millisecond, u128::from_be_bytes(random()))
    }

    /// Adds a webhook. The same request again gives the same answer.
    pub async fn create(
        &self,
        webhook: Webhook,
        by: By,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Webhook, Refusal> {
        let mut writes = Vec::from_iter(claim(request, &webhook, now)?);
        writes.push(Write::put(key(webhook.id), &webhook, Condition::Absent)?);
        writes.push(audit("create", webhook.id, by, (None, Some(&webhook)), now)?);
        commit(&self.db, webhook, writes, request).await
    }

    pub async fn get(&self, id: WebhookId) -> Result<Option<Versioned<Webhook>>, Error> {
        self.db.get(&key(id)).await?.as_ref().map(read).transpose()
    }

    pub async fn all(&self) -> Result<Vec<Webhook>, Error> {
        self.db.query_all(Table::Webhooks, ALL, "WEBHOOK#").await?.iter().map(Row::decode).collect()
    }

    /// Changes a webhook, if it is still at that version where one is named.
    pub async fn change(
        &self,
        action: &str,
        id: WebhookId,
        version: Option<u64>,
        by: By,
        now: Timestamp,
        change: impl FnOnce(&mut Webhook),
    ) -> Result<Versioned<Webhook>, Refusal> {
        let found = self.found(id, version).await?;
        let mut webhook = found.value.clone();
        change(&mut webhook);
        let put = Write::put(key(id), &webhook, Condition::Version(found.version))?;
        let audit = audit(action, id, by, (Some(&found.value), Some(&webhook)), now)?;
        self.transact(id, vec![put, audit]).await?;
        Ok(Versioned { value: webhook, version: found.version + 1 })
    }

    pub async fn delete(
        &self,
        id: WebhookId,
        version: Option<u64>,
        by: By,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let found = self.found(id, version).await?;
        let delete = Write::Delete { key: key(id), condition: Condition::Version(found.version) };
        self.transact(id, vec![delete, audit("delete", id, by, (Some(&found.value), None), now)?]).await
    }

    /// Keeps what deliveries have shown of a webhook. Nobody asked for it, so it is in no audit.
    pub async fn note(&self, found: &Versioned<Webhook>) -> Result<(), Error> {
        let put = Write::put(key(found.value.id), &found.value, Condition::Version(found.version))?;
        self.db.write(put).await.map(|_| ())
    }

    /// Writes down that an event is to be delivered, and gives the delivery as it then is: again is the same.
    pub async fn offer(
        &self,
        webhook: &Webhook,
        event: Event,
        now: Timestamp,
    ) -> Result<Versioned<Delivery>, Error> {
        let delivery = Delivery::new(webhook.id, event, webhook.enabled);
        match self.db.write(put(&delivery, Condition::Absent, now)?).await {
            Ok(version) => Ok(Versioned { value: delivery, version }),
            Err(Error::Conflict(conflict)) => {
                let gone = || Error::Unusable("a delivery vanished while it was read".to_owned());
                read(&conflict.existing.ok_or_else(gone)?)
            }
            Err(error) => Err(error),
        }
    }

    /// Writes down a delivery that somebody asks for. The same request again gives the same answer.
    pub async fn order(
        &self,
        delivery: Delivery,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Delivery, Refusal> {
        let mut writes = Vec::from_iter(claim(request, &delivery, now)?);
        writes.push(put(&delivery, Condition::Absent, now)?);
        commit(&self.db, delivery, writes, request).await
    }

    /// Begins anew with deliveries, fewer than a hundred of them, all or none. The same request again gives the same answer.
    pub async fn replay(
        &self,
        found: Vec<Versioned<Delivery>>,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Vec<Errand>, Refusal> {
        let (mut puts, mut errands) = (Vec::new(), Vec::new());
        for Versioned { value: mut delivery, version } in found {
            delivery.replay(now);
            puts.push(put(&delivery, Condition::Version(version), now)?);
            errands.push(delivery.errand(now));
        }
        let mut writes = Vec::from_iter(claim(request, &errands, now)?);
        writes.extend(puts);
        if writes.is_empty() {
            return Ok(errands);
        }
        commit(&self.db, errands, writes, request).await
    }

    pub async fn delivery(
        &self,
        webhook: WebhookId,
        id: &DeliveryId,
    ) -> Result<Option<Versioned<Delivery>>, Error> {
        self.db.get(&delivery_key(webhook, id)).await?.as_ref().map(read).transpose()
    }

    /// The deliveries of a webhook, the oldest first, `limit` at a time.
    pub async fn deliveries(
        &self,
        webhook: WebhookId,
        limit: usize,
        after: Option<&Page>,
    ) -> Result<(Vec<Versioned<Delivery>>, Option<Page>), Error> {
        let (rows, next) =
            self.db.query(Table::Webhooks, &partition(webhook), "DELIVERY#", limit, after).await?;
        Ok((rows.iter().map(read).collect::<Result<_, _>>()?, next))
    }

    /// Where the deliveries of a moment and later begin.
    #[must_use]
    pub fn since(at: Timestamp) -> Page {
        Self::after(&DeliveryId::since(at))
    }

    /// Where those after a delivery begin.
    #[must_use]
    pub fn after(delivery: &str) -> Page {
        Page(format!("DELIVERY#{delivery}"))
    }

    /// Keeps what became of a delivery, unless it has changed since it was read.
    pub async fn keep(&self, found: &Versioned<Delivery>, now: Timestamp) -> Result<(), Error> {
        self.db.write(put(&found.value, Condition::Version(found.version), now)?).await.map(|_| ())
    }

    async fn found(&self, id: WebhookId, version: Option<u64>) -> Result<Versioned<Webhook>, Refusal> {
        let found = self.get(id).await?.ok_or_else(|| Refusal::NoSuch(format!("webhook {id}")))?;
        match version {
            Some(version) if version != found.version => Err(stale(id)),
            _ => Ok(found),
        }
    }

    async fn transact(&self, id: WebhookId, writes: Vec<Write>) -> Result<(), Refusal> {
        match self.db.transact(writes).await {
            Err(Error::Conflict(_)) => Err(stale(id)),
            done => Ok(done?),
        }
    }
}

fn put(delivery: &Delivery, condition: Condition, now: Timestamp) -> Result<Write, Error> {
    let put = Write::put(delivery_key(delivery.webhook, &delivery.id), delivery, condition)?;
    Ok(put.until(now + (DAYS * 24).hours()))
}

fn stale(id: WebhookId) -> Refusal {
    Refusal::Stale(format!("the webhook {id}"))
}

/// The audit of the catalogue: webhooks are the deployment's, too.
fn audit(
    action: &str,
    id: WebhookId,
    by: By,
    (before, after): (Option<&Webhook>, Option<&Webhook>),
    at: Timestamp,
) -> Result<Write, Error> {
    // Its secrets are sealed, and still nobody's to read there.
    let value = |webhook: Option<&Webhook>| {
        let mut value = json!(webhook);
        value.as_object_mut().map(|fields| fields.remove("secrets"));
        value
    };
    let values: (Value, Value) = (value(before), value(after));
    Audit { subject: Some(format!("webhook {id}")), ..by.did(action, values, at) }.put_catalogue()
}

fn read<T: serde::de::DeserializeOwned>(row: &Row) -> Result<Versioned<T>, Error> {
    Ok(Versioned { value: row.decode()?, version: row.version })
}

fn key(id: WebhookId) -> Key {
    Key::new(Table::Webhooks, ALL, format_args!("WEBHOOK#{id}"))
}

fn partition(webhook: WebhookId) -> String {
    format!("WEBHOOK#{webhook}")
}

fn delivery_key(webhook: WebhookId, id: impl fmt::Display) -> Key {
    Key::new(Table::Webhooks, partition(webhook), format_args!("DELIVERY#{id}"))
}
