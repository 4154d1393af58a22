use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use tenancy::{DomainName, Subdomain, TenantId};

use crate::database::{Condition, Database, Error, Key, Row, Table, Write};
use crate::tenants::Accepted;

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
    pub(crate) accepted: Accepted,
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
    pub(crate) async fn request(
        &self,
        key: &RequestKey,
        now: Timestamp,
    ) -> Result<Option<RequestClaim>, Error> {
        let row = self.db.get(&request_key(key)).await?.filter(|row| !row.expired(now));
        row.map(|row| row.decode()).transpose()
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
