use events::{Data, DomainData, Type};
use serde::de::Error as _;
use tenancy::{Domain, DomainState, Domains, TenantId};

use crate::Told;
use crate::record::Record;

/// What has become of each of a tenant's domains, which are in one record.
pub(crate) fn told(record: &Record) -> Told {
    let tenant: TenantId = record.pk.parse().map_err(serde_json::Error::custom)?;
    let (before, after) = record.images::<Domains>()?;
    let (before, after) = (before.unwrap_or_default().all, after.unwrap_or_default().all);
    let data = |domain: &Domain| Data::Domain(Box::new(DomainData::new(&tenant, domain)));
    let mut told = Vec::new();
    for domain in &after {
        let was = before.iter().find(|before| before.hostname == domain.hostname);
        let kind = match domain.state {
            // What has failed can be asked for again: its operation is another then.
            _ if was.is_none_or(|was| was.requested_at != domain.requested_at) => Some(Type::DomainRequested),
            state if was.is_some_and(|was| was.state == state) => None,
            DomainState::Active => Some(Type::DomainLive),
            DomainState::Failed => Some(Type::DomainFailed),
            DomainState::Waiting | DomainState::Pending | DomainState::Removing => None,
        };
        told.extend(kind.map(|kind| (kind, data(domain))));
    }
    // One that had failed was told of then, and led nowhere.
    let gone = before.iter().filter(|domain| domain.state != DomainState::Failed);
    let gone = gone.filter(|domain| after.iter().all(|after| after.hostname != domain.hostname));
    told.extend(gone.map(|domain| (Type::DomainRemoved, data(domain))));
    Ok(told)
}
