#![doc = include_str!("../README.md")]

use fault::{Actor, Fault, Kind};
use http_client::{Api, Http, Method};
use serde::Deserialize;

const SERVICE: &str = "resolver";

/// Where Cloudflare's public resolver answers.
pub const URL: &str = "https://cloudflare-dns.com";

/// The record types that an answer is made of.
const ALIAS: u16 = 5;
const ADDRESSES: [u16; 2] = [1, 28];

/// A public resolver.
#[derive(Clone, Debug)]
pub struct Resolver {
    api: Api,
}

/// Where a name leads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leads {
    /// By alias, one after the other.
    pub aliases: Vec<String>,
    pub addresses: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Told {
    /// The response code of RFC 1035, section 4.1.1.
    status: u16,
    #[serde(default)]
    answer: Vec<Record>,
}

#[derive(Debug, Deserialize)]
struct Record {
    #[serde(rename = "type")]
    kind: u16,
    data: String,
}

impl Resolver {
    /// `RESOLVER_URL` says where it answers, if elsewhere.
    pub fn from_env() -> Result<Self, Fault> {
        let url = aws::variable("RESOLVER_URL").ok().unwrap_or_else(|| URL.to_owned());
        Self::new(Http::network(), &url)
    }

    pub fn new(http: Http, url: &str) -> Result<Self, Fault> {
        Ok(Self { api: Api::new(http, SERVICE, url)? })
    }

    /// Where a name leads; nowhere, when it does not exist.
    pub async fn look_up(&self, name: &str) -> Result<Leads, Fault> {
        let request = self.api.request(Method::GET, &["dns-query"])?;
        let request =
            request.query(&[("name", name), ("type", "A")]).header("accept", "application/dns-json");
        let answer = self.api.send(request).await?;
        if !answer.status().is_success() {
            return Err(http_client::refused(SERVICE, &answer));
        }
        let told: Told = self.api.decode(answer).await?;
        match told.status {
            0 | 3 => {}
            2 => {
                let cause = format!(
                    "the DNS of {name} is broken: its servers do not answer, or not with a valid signature"
                );
                return Err(Fault::new(Kind::Transient, Actor::Customer, cause).from_provider(SERVICE, None));
            }
            status => {
                let cause = format!("the resolver answered {name} with code {status}");
                return Err(Fault::transient(cause).from_provider(SERVICE, None));
            }
        }
        let mut leads = Leads::default();
        for Record { kind, data } in told.answer {
            match kind {
                ALIAS => leads.aliases.push(data.trim_end_matches('.').to_ascii_lowercase()),
                kind if ADDRESSES.contains(&kind) => leads.addresses.push(data),
                _ => {}
            }
        }
        Ok(leads)
    }
}

#[cfg(test)]
mod tests {
    use openapi::Script;
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    /// The API has no document of its own.
    async fn told(status: u16, body: Value) -> (Result<Leads, Fault>, Vec<String>) {
        let script = Script::new(Vec::new()).besides(&["GET /dns-query"]).answer(status, &body);
        let resolver = Resolver::new(script.http(), URL).expect("an address");
        (resolver.look_up("shop.example.com").await, script.lines())
    }

    #[tokio::test]
    async fn a_name_leads_along_its_aliases_to_addresses() {
        let (leads, asked) = told(
            200,
            json!({ "Status": 0, "Answer": [
                { "name": "shop.example.com", "type": 5, "TTL": 60, "data": "Stores.Vendin.store." },
                { "name": "stores.vendin.store", "type": 1, "TTL": 60, "data": "104.16.0.1" },
                { "name": "stores.vendin.store", "type": 46, "TTL": 60, "data": "a signature" },
            ] }),
        )
        .await;
        let leads = leads.expect("an answer");
        assert_eq!(leads.aliases, ["stores.vendin.store"]);
        assert_eq!(leads.addresses, ["104.16.0.1"]);
        assert_eq!(asked, ["GET /dns-query?name=shop.example.com&type=A"]);
    }

    #[rstest]
    #[case::no_such_name(json!({ "Status": 3, "Authority": [] }))]
    #[case::no_such_record(json!({ "Status": 0 }))]
    #[tokio::test]
    async fn a_name_that_is_not_there_leads_nowhere(#[case] body: Value) {
        assert_eq!(told(200, body).await.0.expect("an answer"), Leads::default());
    }

    #[rstest]
    #[case::broken_zone(200, json!({ "Status": 2 }), Kind::Transient, Actor::Customer)]
    #[case::refused(200, json!({ "Status": 5 }), Kind::Transient, Actor::Provider)]
    #[case::down(503, json!({}), Kind::Transient, Actor::Provider)]
    #[tokio::test]
    async fn what_is_no_answer_is_a_fault(
        #[case] status: u16,
        #[case] body: Value,
        #[case] kind: Kind,
        #[case] actor: Actor,
    ) {
        let fault = told(status, body).await.0.expect_err("no answer");
        assert_eq!((fault.kind, fault.actor), (kind, actor), "{fault:?}");
    }
}
