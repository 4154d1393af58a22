//! Looks into each of a tenant's buckets as the tenant's own user; if it is suspended, that it is not let in.

use std::collections::BTreeMap;

use fault::{Fault, Kind};
use http_client::Http;
use object_store::{Login, ObjectStore};
use saga::{Context, Probe};
use secrets::{Logins, SecretRef, Vault};
use serde::{Deserialize, Serialize};

/// The user's, in the logins.
const LOGIN: &str = "object-store";

#[derive(Debug)]
pub struct ProbeBuckets {
    pub http: Http,
    pub vault: Vault,
    /// Where the object store answers.
    pub endpoint: String,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    logins: SecretRef,
    user: String,
    /// By purpose.
    buckets: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
pub struct Output {
    /// How many were looked at.
    buckets: usize,
}

impl Probe for ProbeBuckets {
    const NAME: &'static str = "object-store-probe-buckets";
    type Params = Params;
    type Output = Output;

    async fn look(&self, cx: &Context, params: &Params) -> Result<Output, Fault> {
        let logins = Logins::read(&self.vault, &params.logins).await?;
        let login = Login {
            endpoint: self.endpoint.clone(),
            admin_endpoint: None,
            access_key: params.user.clone(),
            secret_key: logins.of(LOGIN)?.clone(),
        };
        let store = ObjectStore::new(self.http.clone(), &login)?;
        for bucket in params.buckets.values() {
            match store.objects(bucket, None).await {
                Ok(_) if cx.tenant.suspended => {
                    return Err(missing(&format!("{bucket} still lets {} in", params.user)));
                }
                Ok(_) => {}
                // Whoever is not let in is refused. Its server tells the others within seconds.
                Err(Fault { kind: Kind::Terminal, .. }) if cx.tenant.suspended => {}
                Err(Fault { kind: Kind::Terminal, cause, .. }) => {
                    return Err(missing(&format!("{bucket} does not let {} in: {cause}", params.user)));
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(Output { buckets: params.buckets.len() })
    }
}

fn missing(what: &str) -> Fault {
    Fault::not_ready(format!("the object store is not ready: {what}")).from_provider("object-store", None)
}
