use fault::Fault;
use http_client::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use crate::{Medusa, Session};

/// What a storefront shows with each call. No secret: it is in every page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishableKey {
    pub id: String,
    pub title: String,
    /// `pk_...`
    pub token: String,
}

#[derive(Deserialize)]
struct Keys {
    api_keys: Vec<Told>,
}

#[derive(Deserialize)]
struct Told {
    id: String,
    title: String,
    token: String,
    revoked_at: Option<Timestamp>,
}

/// The one that an instance is made with.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Store {
    pub id: String,
    pub name: String,
    /// Where its products are sold.
    pub default_sales_channel_id: Option<String>,
}

#[derive(Deserialize)]
struct Key {
    api_key: Told,
}

#[derive(Deserialize)]
struct Stores {
    stores: Vec<Store>,
}

#[derive(Deserialize)]
struct Products {
    count: u64,
}

impl Medusa {
    /// The first hundred publishable keys that are good; a new instance has none.
    pub async fn publishable_keys(&self, by: &Session) -> Result<Vec<PublishableKey>, Fault> {
        let request = self.request(Method::GET, &["admin", "api-keys"])?;
        let request = request.query(&[("type", "publishable"), ("limit", "100")]);
        let Keys { api_keys } = self.ask(by.on(request)).await?;
        let good = api_keys.into_iter().filter(|key| key.revoked_at.is_none());
        Ok(good.map(|key| PublishableKey { id: key.id, title: key.title, token: key.token }).collect())
    }

    /// Gives storefronts a key, for what a sales channel sells.
    pub async fn create_publishable_key(
        &self,
        by: &Session,
        title: &str,
        sales_channel: &str,
    ) -> Result<(), Fault> {
        let wanted = json!({ "title": title, "type": "publishable" });
        let request = self.request(Method::POST, &["admin", "api-keys"])?.json(&wanted);
        let Key { api_key } = self.ask(by.on(request)).await?;
        let path = ["admin", "api-keys", &api_key.id, "sales-channels"];
        let request = self.request(Method::POST, &path)?.json(&json!({ "add": [sales_channel] }));
        self.ask::<IgnoredAny>(by.on(request)).await.map(drop)
    }

    /// An instance that is being migrated has none yet.
    pub async fn find_store(&self, by: &Session) -> Result<Option<Store>, Fault> {
        let request = self.request(Method::GET, &["admin", "stores"])?.query(&[("limit", "1")]);
        let Stores { stores } = self.ask(by.on(request)).await?;
        Ok(stores.into_iter().next())
    }

    /// Gives a store the name that its dashboard and its mails show.
    pub async fn rename_store(&self, by: &Session, id: &str, name: &str) -> Result<(), Fault> {
        let request = self.request(Method::POST, &["admin", "stores", id])?.json(&json!({ "name": name }));
        self.ask::<IgnoredAny>(by.on(request)).await.map(drop)
    }

    /// How many products visitors of a key's sales channel see.
    pub async fn products(&self, key: &str) -> Result<u64, Fault> {
        let request = self.request(Method::GET, &["store", "products"])?.query(&[("limit", "1")]);
        let Products { count } = self.ask(request.header("x-publishable-api-key", key)).await?;
        Ok(count)
    }
}
