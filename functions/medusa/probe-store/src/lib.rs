//! Looks at a tenant's store as its owner and its visitors would; if it is suspended, that nobody is served, and if it is
//! read-only, that nobody changes anything. Whoever sleeps is not looked at: that would wake them.
//!
//! Medusa's own `/health` says that the process runs, also without a database. So the owner is looked up, which the
//! database answers, and the products are listed, which take the key that Medusa makes at its first start. A user is
//! made through its event bus, which is in Redis: without that there would be no owner to look up.

use fault::Fault;
use google::SecretManager;
use http_client::Http;
use medusa::{Medusa, Session};
use saga::{Context, Probe};
use serde::{Deserialize, Serialize};
use tenancy::Access;

#[derive(Debug)]
pub struct ProbeStore {
    pub http: Http,
    pub secrets: SecretManager,
    /// `https://{subdomain}.my.example.com`
    pub store_url: String,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    uri: String,
    signing_key: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    /// Where visitors go.
    store: String,
    /// Where the owner goes.
    admin: String,
    /// Where storefronts and programs go.
    api: String,
}

impl Probe for ProbeStore {
    const NAME: &'static str = "medusa-probe-store";
    type Params = Params;
    type Output = Output;

    async fn look(&self, cx: &Context, params: &Params) -> Result<Output, Fault> {
        let store = Medusa::new(self.http.clone(), &params.uri)?;
        if cx.tenant.suspended {
            return if store.is_healthy().await? {
                Err(missing("it still answers"))
            } else {
                Ok(self.addresses(cx, params))
            };
        }
        if cx.tenant.hibernating {
            return Ok(self.addresses(cx, params));
        }
        let key = self.secrets.latest(&params.signing_key).await?;
        let key = key.ok_or_else(|| Fault::not_ready(format!("{} is not seen yet", params.signing_key)))?;
        let us = Session::mint(&key);
        if !store.is_healthy().await? {
            return Err(missing("it does not answer"));
        }
        // Once its people have it, who of them signs in is their affair, and so is what visitors may see.
        let (email, inhabited) = (cx.tenant.email.as_str(), cx.tenant.inhabited);
        if !store.users(&us).await?.iter().any(|user| inhabited || user.email.eq_ignore_ascii_case(email)) {
            return Err(missing("its owner is not in its database"));
        }
        if !store.has_dashboard().await? {
            return Err(missing("its dashboard does not answer"));
        }
        let keys = store.publishable_keys(&us).await?;
        match keys.first() {
            Some(key) => drop(store.products(&key.token).await?),
            None if inhabited => {}
            None => return Err(missing("it has no publishable key")),
        }
        // One that is new takes changes: its owner has just been made.
        let read_only = cx.tenant.access == Access::ReadOnly;
        if (inhabited || read_only) && store.takes_changes(&us).await? == read_only {
            let what = if read_only { "it still takes changes" } else { "it still refuses changes" };
            return Err(missing(what).hint("Does the image heed TENANT_ACCESS?"));
        }
        Ok(self.addresses(cx, params))
    }
}

impl ProbeStore {
    fn addresses(&self, cx: &Context, params: &Params) -> Output {
        let store = self.store_url.replace("{subdomain}", cx.tenant.subdomain.as_str());
        Output { admin: format!("{store}/app"), store, api: params.uri.clone() }
    }
}

fn missing(what: &str) -> Fault {
    Fault::not_ready(format!("the store is not ready: {what}")).from_provider("medusa", None)
}
