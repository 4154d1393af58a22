use jiff::{Timestamp, ToSpan};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenancy::{DomainName, Subdomain, TenantId};

use crate::database::{Condition, Database, Error, Key, Row, Table, Write};
use crate::tenants::Refusal;

/// How long a request key is remembered (draft-ietf-httpapi-idempotency-key-header, section 2.3: our policy).
const REQUEST_KEY_HOURS: i64 = 24;

/// Names only one can have: subdomains, custom domains, request keys, one-time links. Each is a row; whoever writes it first
/// has the name.
#[derive(Clone, Debug)]
pub struct Claims {
    db: Database,
}

/// An `Idempotency-Key`, the caller it belongs to, and a digest of the request it was sent with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    pub caller: String,
    pub key: String,
    pub digest: String,
}

/// What a request key led to the first time: enough to give the same answer again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RequestClaim {
    pub(crate) digest: String,
    pub(crate) answer: Value,
}

impl RequestClaim {
    /// What was answered the first time, to the same request.
    pub(crate) fn answer<T: DeserializeOwned>(self, request: &RequestKey) -> Result<T, Refusal> {
        if self.digest != request.digest {
            return Err(Refusal::KeyReused);
        }
        // Of another shape only where the same request would be dealt with in another way today.
        serde_json::from_value(self.answer).map_err(|_| Refusal::KeyReused)
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct SubdomainClaim {
    tenant: TenantId,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct DomainClaim {
    tenant: TenantId,
}

/// A one-time link that lets a tenant's owner choose a password. Stored under the hash of its token, so that
/// reading the table does not give the link away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    pub tenant: TenantId,
}

impl Claims {
    #[must_use]
    pub fn new(db: Database) -> Self {
        Self { db }
    }

    pub async fn tenant_of(&self, subdomain: &Subdomain) -> Result<Option<TenantId>, Error> {
        let row = self.db.get(&subdomain_key(subdomain)).await?;
        Ok(row.map(|row| row.decode::<SubdomainClaim>()).transpose()?.map(|claim| claim.tenant))
    }

    /// What the request key led to the first time, if it was used and is still remembered.
    pub async fn answered<T: DeserializeOwned>(
        &self,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<Option<T>, Refusal> {
        answered(&self.db, request, now).await
    }

    /// Keeps an invitation under the hash of its token.
    pub async fn invite(
        &self,
        token_hash: &str,
        invitation: &Invitation,
        until: Timestamp,
    ) -> Result<(), Error> {
        let write = Write::put(invitation_key(token_hash), invitation, Condition::Absent)?.until(until);
        self.db.write(write).await.map(|_| ())
    }

    pub async fn invitation(&self, token_hash: &str, now: Timestamp) -> Result<Option<Invitation>, Error> {
        let row = self.db.get(&invitation_key(token_hash)).await?.filter(|row| !row.expired(now));
        row.map(|row| row.decode()).transpose()
    }

    /// Uses an invitation up. `None` when it was used, has expired or never was: of two who hold the link, one
    /// gets it.
    pub async fn redeem(&self, token_hash: &str, now: Timestamp) -> Result<Option<Invitation>, Error> {
        let key = invitation_key(token_hash);
        let Some(row) = self.db.get(&key).await?.filter(|row| !row.expired(now)) else { return Ok(None) };
        match self.db.write(Write::Delete { key, condition: Condition::Version(row.version) }).await {
            Ok(_) => row.decode().map(Some),
            Err(Error::Conflict(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The write that frees a subdomain, if that tenant holds it.
    pub(crate) async fn free(
        &self,
        subdomain: &Subdomain,
        tenant: &TenantId,
    ) -> Result<Option<Write>, Error> {
        self.freed(subdomain_key(subdomain), tenant).await
    }

    /// The write that frees a domain, if that tenant holds it.
    pub(crate) async fn free_domain(
        &self,
        domain: &DomainName,
        tenant: &TenantId,
    ) -> Result<Option<Write>, Error> {
        self.freed(domain_key(domain), tenant).await
    }

    /// Who has a domain.
    pub async fn tenant_at(&self, domain: &DomainName) -> Result<Option<TenantId>, Error> {
        let row = self.db.get(&domain_key(domain)).await?;
        Ok(row.map(|row| row.decode::<DomainClaim>()).transpose()?.map(|claim| claim.tenant))
    }

    async fn freed(&self, key: Key, tenant: &TenantId) -> Result<Option<Write>, Error> {
        let Some(Row { version, body, .. }) = self.db.get(&key).await? else { return Ok(None) };
        let held = body.get("tenant").and_then(|id| id.as_str()) == Some(tenant.as_str());
        Ok(held.then_some(Write::Delete { key, condition: Condition::Version(version) }))
    }
}

pub(crate) fn claim_subdomain(subdomain: &Subdomain, tenant: &TenantId) -> Result<Write, Error> {
    Write::put(subdomain_key(subdomain), &SubdomainClaim { tenant: tenant.clone() }, Condition::Absent)
}

pub(crate) fn claim_domain(domain: &DomainName, tenant: &TenantId) -> Result<Write, Error> {
    Write::put(domain_key(domain), &DomainClaim { tenant: tenant.clone() }, Condition::Absent)
}

/// Who has a subdomain, by the row of its claim.
pub(crate) fn holder(row: &Row) -> Option<TenantId> {
    row.decode::<SubdomainClaim>().ok().map(|claim| claim.tenant)
}

/// The write that remembers what a request key led to.
pub(crate) fn claim(
    request: Option<&RequestKey>,
    answer: &impl Serialize,
    now: Timestamp,
) -> Result<Option<Write>, Error> {
    let claim = |request: &RequestKey| {
        let answer = serde_json::to_value(answer).map_err(|e| Error::Unusable(e.to_string()))?;
        claim_request(request, &RequestClaim { digest: request.digest.clone(), answer }, now)
    };
    request.map(claim).transpose()
}

pub(crate) fn replay<T: DeserializeOwned>(
    existing: Option<&Row>,
    request: &RequestKey,
) -> Result<T, Refusal> {
    match existing {
        Some(row) => row.decode::<RequestClaim>()?.answer(request),
        None => Err(Error::Unusable("a request key vanished while it was read".to_owned()).into()),
    }
}

/// What the request key led to before, if it did.
pub(crate) async fn answered<T: DeserializeOwned>(
    db: &Database,
    request: Option<&RequestKey>,
    now: Timestamp,
) -> Result<Option<T>, Refusal> {
    let Some(request) = request else { return Ok(None) };
    let row = db.get(&request_key(request)).await?.filter(|row| !row.expired(now));
    row.map(|row| row.decode::<RequestClaim>()?.answer(request)).transpose()
}

/// Does all of the writes or none. The first is the request key's, if there is one.
pub(crate) async fn commit<T: DeserializeOwned>(
    db: &Database,
    answer: T,
    writes: Vec<Write>,
    request: Option<&RequestKey>,
) -> Result<T, Refusal> {
    match (db.transact(writes).await, request) {
        (Ok(()), _) => Ok(answer),
        (Err(Error::Conflict(conflict)), Some(request)) if conflict.index == 0 => {
            replay(conflict.existing.as_ref(), request)
        }
        (Err(error), _) => Err(error.into()),
    }
}

pub(crate) fn claim_request(key: &RequestKey, claim: &RequestClaim, now: Timestamp) -> Result<Write, Error> {
    Ok(Write::put(request_key(key), claim, Condition::Free(now))?.until(now + REQUEST_KEY_HOURS.hours()))
}

fn subdomain_key(subdomain: &Subdomain) -> Key {
    Key::new(Table::Claims, format_args!("SUBDOMAIN#{subdomain}"), "CLAIM")
}

fn domain_key(domain: &DomainName) -> Key {
    Key::new(Table::Claims, format_args!("DOMAIN#{domain}"), "CLAIM")
}

fn request_key(key: &RequestKey) -> Key {
    // The key is the caller's free text: in a partition of its own it cannot be read as part of another's name.
    Key::new(Table::Claims, format_args!("REQUEST#{}", key.caller), format_args!("KEY#{}", key.key))
}

fn invitation_key(token_hash: &str) -> Key {
    Key::new(Table::Claims, format_args!("INVITATION#{token_hash}"), "CLAIM")
}
