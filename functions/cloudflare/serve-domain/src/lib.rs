//! Serves a tenant's own domains at Cloudflare: as many as there are just now, one and at times the one that is to take
//! its place. The resource is all of them, so its handle follows from the tenant alone.
//!
//! A custom hostname has no place for an owner's mark. A TXT record in our zone has: its name follows from the domain's,
//! its comment is the mark. It is written before the hostname and goes after it, so a hostname without a record of ours,
//! or older than it, is somebody else's, and is never touched.

use cloudflare::{CertificateStatus, Hostname, Kind, NewRecord, Record, Validation, Zone};
use fault::{Actor, Fault};
use saga::{Context, Held, Inventory, Presence, Step};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tenancy::{DomainName, Mark};

#[derive(Debug)]
pub struct ServeDomain {
    pub zone: Zone,
    /// `vendin.store`
    pub zone_name: String,
    pub deployment: String,
}

#[derive(Debug, Deserialize)]
pub struct Params {}

#[derive(Debug, Serialize, Deserialize)]
pub struct Handle {
    owner: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    domains: Vec<DomainName>,
}

impl Step for ServeDomain {
    const NAME: &'static str = "cloudflare-serve-domain";
    type Params = Params;
    type Handle = Handle;
    type Output = Output;

    fn handle(&self, mark: &Mark) -> Handle {
        Handle { owner: mark.to_string() }
    }

    async fn apply(&self, cx: &Context, _: &Params, handle: &Handle) -> Result<Output, Fault> {
        let wanted = &cx.tenant.domains;
        for mark in self.marks(&handle.owner).await? {
            if !wanted.iter().any(|domain| domain.as_str() == domain_of(&mark)) {
                self.remove(&mark).await?;
            }
        }
        for domain in wanted {
            self.serve(domain.as_str(), &handle.owner).await?;
        }
        Ok(Output { domains: wanted.clone() })
    }

    async fn destroy(&self, _: &Mark, handle: &Handle) -> Result<(), Fault> {
        for mark in self.marks(&handle.owner).await? {
            self.remove(&mark).await?;
        }
        Ok(())
    }

    async fn observe(&self, _: &Mark, handle: &Handle) -> Result<Presence, Fault> {
        let none = self.marks(&handle.owner).await?.is_empty();
        Ok(if none { Presence::Absent } else { Presence::Present })
    }

    async fn inventory(&self, after: Option<&str>) -> Result<Inventory<Handle>, Fault> {
        let part = self.zone.records(&format!("{}/", self.deployment), after).await?;
        let marks = part.items.into_iter().filter(|record| self.is_mark(record));
        let held = marks.filter_map(|Record { owner, made_at, .. }| {
            let owner = owner?;
            Some(Held { handle: Handle { owner: owner.clone() }, owner, made_at })
        });
        let mut held: Vec<Held<Handle>> = held.collect();
        held.sort_by(|a, b| a.owner.cmp(&b.owner));
        held.dedup_by(|a, b| a.owner == b.owner);
        Ok(Inventory { held, next: part.next })
    }
}

impl ServeDomain {
    /// Has a hostname served that is ours, or nobody's yet.
    async fn serve(&self, domain: &str, owner: &str) -> Result<(), Fault> {
        let name = self.mark_name(domain);
        let marks = self.zone.find_records(&Kind::Txt, &name).await?;
        let ours = marks.iter().find(|mark| mark.owner.as_deref() == Some(owner));
        let found = self.zone.find_hostname(domain).await?;
        if marks.iter().any(|mark| mark.owner.as_deref() != Some(owner)) {
            return Err(foreign(domain));
        }
        match (ours, found) {
            (Some(mark), Some(found)) if is_behind(&found, mark) => {
                if timed_out(&found) {
                    self.zone.revalidate(&found.id, Validation::Http).await?;
                }
            }
            (_, Some(_)) => return Err(foreign(domain)),
            (ours, None) => {
                if ours.is_none() {
                    // Cloudflare takes the same record but once, so of two who want the domain one gets it.
                    let content = format!("\"{domain}\"");
                    let mark =
                        NewRecord { kind: &Kind::Txt, name: &name, content: &content, proxied: false, owner };
                    self.zone.create_record(&mark).await?;
                }
                self.zone.create_hostname(domain, Validation::Http).await?;
            }
        }
        Ok(())
    }

    /// Takes a hostname away, and the record of whose it was only once that is seen to be gone.
    async fn remove(&self, mark: &Record) -> Result<(), Fault> {
        let domain = domain_of(mark);
        // Looked for twice: without its record, one that was not seen just now would never be looked for again.
        let found = match self.zone.find_hostname(domain).await? {
            None => self.zone.find_hostname(domain).await?,
            found => found,
        };
        if let Some(found) = found.filter(|found| is_behind(found, mark)) {
            self.zone.delete_hostname(&found.id).await?;
            if self.zone.find_hostname(domain).await?.is_some_and(|left| left.id == found.id) {
                return Err(Fault::not_ready(format!("{domain} was asked to go, and is still there")));
            }
        }
        self.zone.delete_record(&mark.id).await
    }

    /// The records that say what is a tenant's.
    async fn marks(&self, owner: &str) -> Result<Vec<Record>, Fault> {
        let records = self.zone.records_of(owner).await?;
        Ok(records.into_iter().filter(|record| self.is_mark(record)).collect())
    }

    fn is_mark(&self, record: &Record) -> bool {
        record.kind == Kind::Txt && record.name == self.mark_name(domain_of(record))
    }

    /// Where the record of a domain is: 32 digits, since a domain may be longer than a label.
    fn mark_name(&self, domain: &str) -> String {
        let digest = hex::encode(&Sha256::digest(domain.as_bytes())[..16]);
        format!("{digest}._tenantry.{}", self.zone_name)
    }
}

/// The domain that a record is about. Cloudflare puts texts in quotes.
fn domain_of(mark: &Record) -> &str {
    mark.content.trim_matches('"')
}

/// A hostname of ours is made after the record that says so.
fn is_behind(found: &Hostname, mark: &Record) -> bool {
    found.made_at.zip(mark.made_at).is_none_or(|(hostname, mark)| hostname >= mark)
}

fn timed_out(found: &Hostname) -> bool {
    use CertificateStatus as Status;
    matches!(
        found.certificate,
        Some(
            Status::InitializingTimedOut
                | Status::ValidationTimedOut
                | Status::IssuanceTimedOut
                | Status::DeploymentTimedOut
        )
    )
}

fn foreign(domain: &str) -> Fault {
    let mut fault = Fault::terminal(format!("{domain} is served at Cloudflare for somebody else"));
    fault.actor = Actor::Customer;
    fault.hint("Whoever has this domain there must let go of it first.")
}

#[cfg(test)]
mod tests;
