use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tenancy::TenantId;

use crate::{Data, Type};

/// An event as it travels: a CloudEvent 1.0 with one attribute of our own, `tenant`.
///
/// It is made with [`Data`] and read with whatever the reader needs of that, to begin with as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event<D = Value> {
    pub specversion: Cow<'static, str>,
    /// The same for the same change, however often it is told: who has seen an id has seen the event.
    pub id: String,
    #[serde(rename = "type")]
    pub kind: Type,
    /// Which deployment tells it: `urn:tenantry:<deployment>`.
    pub source: String,
    /// What it is about: `tenants/acme-7f3a9c/operations/01M7…`.
    pub subject: String,
    /// When it was written down.
    pub time: Timestamp,
    pub datacontenttype: Cow<'static, str>,
    /// Whose life it belongs to, if a tenant's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    pub data: D,
}

/// What an event tells of: one writing of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where the record stands, as whoever keeps it names that.
    pub record: String,
    /// Counts the record's changes.
    pub version: u64,
    pub at: Timestamp,
}

impl Event<Data> {
    /// The event of that type in a change, as a deployment tells it.
    #[must_use]
    pub fn new(kind: Type, deployment: &str, change: &Change, data: Data) -> Self {
        let Change { record, version, at } = change;
        let (source, subject) = (format!("urn:tenantry:{deployment}"), data.subject());
        // One change of one record can be told of several subjects: a tenant's domains are in one.
        let id = digest(format_args!("{source}\n{record}\n{version}\n{kind}\n{subject}"));
        Self {
            specversion: Cow::Borrowed("1.0"),
            id,
            kind,
            source,
            subject,
            time: *at,
            datacontenttype: Cow::Borrowed("application/json"),
            tenant: data.tenant().cloned(),
            data,
        }
    }
}

impl<D: Serialize> Event<D> {
    /// The same as whoever hears it reads it.
    #[must_use]
    pub fn plain(self) -> Event {
        let Self { specversion, id, kind, source, subject, time, datacontenttype, tenant, data } = self;
        let data = json!(data);
        Event { specversion, id, kind, source, subject, time, datacontenttype, tenant, data }
    }
}

/// `evt_` and 128 bits. Without a dot, which a webhook's signature puts behind it.
fn digest(what: fmt::Arguments<'_>) -> String {
    let digest = Sha256::digest(what.to_string());
    format!("evt_{}", hex::encode(&digest[..16]))
}
