use std::fmt;

use fault::Fault;
use http_client::{Method, RequestBuilder};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Part, Zone, next, page};

/// As many as we ask for at once.
const PART: usize = 100;

/// A DNS record of the zone.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Record {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The whole name, `acme.example.com`.
    pub name: String,
    #[serde(default)]
    pub content: String,
    /// Answered with Cloudflare's own addresses.
    #[serde(default)]
    pub proxied: bool,
    /// The ownership mark it was made with.
    #[serde(rename = "comment")]
    pub owner: Option<String>,
    #[serde(rename = "created_on")]
    pub made_at: Option<Timestamp>,
}

/// What kind of record; we make the first four.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    A,
    #[serde(rename = "AAAA")]
    Aaaa,
    #[serde(rename = "CNAME")]
    Cname,
    #[serde(rename = "TXT")]
    Txt,
    #[serde(untagged)]
    Other(String),
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
            Self::Txt => "TXT",
            Self::Other(kind) => kind,
        })
    }
}

/// A record to be made, or what one is to become.
#[derive(Clone, Copy, Debug)]
pub struct NewRecord<'a> {
    pub kind: &'a Kind,
    pub name: &'a str,
    pub content: &'a str,
    pub proxied: bool,
    pub owner: &'a str,
}

impl Zone {
    /// The records of a kind and a name: several answer in turn. Whose they are, the caller compares.
    pub async fn find_records(&self, kind: &Kind, name: &str) -> Result<Vec<Record>, Fault> {
        let request = self.request(Method::GET, &["dns_records"])?.query(&[("type", kind)]);
        self.named(request, name).await
    }

    /// The records of a name, of whatever kind.
    pub async fn find_all_records(&self, name: &str) -> Result<Vec<Record>, Fault> {
        self.named(self.request(Method::GET, &["dns_records"])?, name).await
    }

    async fn named(&self, request: RequestBuilder, name: &str) -> Result<Vec<Record>, Fault> {
        let found: Vec<Record> = self.ask(request.query(&[("name", name), ("match", "all")])).await?;
        Ok(found.into_iter().filter(|found| found.name.eq_ignore_ascii_case(name)).collect())
    }

    /// All records with exactly this owner.
    pub async fn records_of(&self, owner: &str) -> Result<Vec<Record>, Fault> {
        let (mut records, mut next) = (Vec::new(), None);
        loop {
            let part = self.records(owner, next.as_deref()).await?;
            records.extend(part.items.into_iter().filter(|record| record.owner.as_deref() == Some(owner)));
            next = part.next;
            if next.is_none() {
                return Ok(records);
            }
        }
    }

    /// The records whose owner begins with this, a hundred at a time.
    pub async fn records(&self, owners: &str, after: Option<&str>) -> Result<Part<Record>, Fault> {
        let request = self.request(Method::GET, &["dns_records"])?;
        let request = request.query(&[("comment.startswith", owners), ("order", "name")]);
        let request = request.query(&[("page", page(after)?.to_string()), ("per_page", PART.to_string())]);
        let items: Vec<Record> = self.ask(request).await?;
        let next = next(after, items.len(), PART)?;
        Ok(Part { items, next })
    }

    /// Makes a record. The caller has looked that there is none of this kind and name.
    pub async fn create_record(&self, new: &NewRecord<'_>) -> Result<Record, Fault> {
        let request = self.request(Method::POST, &["dns_records"])?.json(&new.body());
        self.create(request, &format!("the record {}", new.name)).await
    }

    /// Changes a record of ours to this.
    pub async fn update_record(&self, id: &str, new: &NewRecord<'_>) -> Result<Record, Fault> {
        self.ask(self.request(Method::PUT, &["dns_records", id])?.json(&new.body())).await
    }

    /// Already gone is success.
    pub async fn delete_record(&self, id: &str) -> Result<(), Fault> {
        self.delete(&["dns_records", id]).await
    }
}

impl NewRecord<'_> {
    fn body(&self) -> Value {
        let mut body = json!({
            "type": self.kind, "name": self.name, "content": self.content, "comment": self.owner,
            "ttl": 1, // Cloudflare's choice.
        });
        // What cannot be proxied must not say whether it is.
        if *self.kind != Kind::Txt {
            body["proxied"] = json!(self.proxied);
        }
        body
    }
}
