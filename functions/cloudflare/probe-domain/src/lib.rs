//! Looks how far the domain is that an operation waits for, keeps what it saw, and says when to look again.
//!
//! Three things are looked at apart, for each has somebody else to mend it: whether Cloudflare has the name, whether the
//! customer's DNS leads to us, whether there is a certificate. When all say yes the domain is visited, as anybody would:
//! only what answers there is live (invariant 10). A look that fails is no failure of the domain; it is looked at again.

use cloudflare::{CertificateStatus, Hostname, HostnameStatus, Proof, Zone};
use fault::{Actor, Fault};
use reach::Reach;
use resolver::{Leads, Resolver};
use saga::Subject;
use serde::Serialize;
use store::Tenants;
use tenancy::AspectState::{Right, Waiting, Wrong};
use tenancy::{AspectState, DnsRecord, Domain, Seen};

pub const NAME: &str = "cloudflare-probe-domain";

#[derive(Debug)]
pub struct ProbeDomain {
    pub zone: Zone,
    pub resolver: Resolver,
    /// How a domain is visited; where none can be, Cloudflare's word is enough.
    pub reach: Option<Reach>,
    /// What customers point their domains to.
    pub target: String,
    pub tenants: Tenants,
}

#[derive(Debug, Serialize)]
pub struct Output {
    /// Whether there is something to wait for.
    pending: bool,
    /// Until the next look.
    seconds: u64,
}

impl ProbeDomain {
    pub async fn run(&self, subject: Subject) -> Result<Output, Fault> {
        let (id, operation) = (subject.tenant(), subject.operation);
        let gone = || Fault::terminal(format!("there is no operation {operation} of a tenant {id}"));
        let record = self.tenants.operation(id, operation).await?.ok_or_else(gone)?.value;
        let tenant = self.tenants.get(id).await?.ok_or_else(gone)?.value;
        let domains = self.tenants.domains(id).await?.value;
        let watched = domains.watched(operation).filter(|_| !record.is_fenced() && !tenant.status.is_going());
        let Some(domain) = watched else { return Ok(Output { pending: false, seconds: 0 }) };
        let seen = self.look(domain).await;
        if let Err(fault) = &seen {
            tracing::warn!(tenant.id = %id, execution.id = %operation, "{} was not seen: {fault}", domain.hostname);
        }
        let again = self.tenants.looked_at_domain(id, operation, seen, clock::now()).await?;
        Ok(Output { pending: again.is_some(), seconds: again.unwrap_or_default() })
    }

    async fn look(&self, domain: &Domain) -> Result<Seen, Fault> {
        let hostname = domain.hostname.as_str();
        let found = self.zone.find_hostname(hostname).await?;
        let missing = || Fault::transient(format!("{hostname} is not seen at Cloudflare yet"));
        let found = found.ok_or_else(missing)?;
        let leads = self.resolver.look_up(hostname).await;
        let mut seen = Seen {
            name: name(&found),
            dns: self.dns(&found, leads),
            certificate: certificate(&found),
            proofs: found.proofs.iter().filter_map(published).collect(),
        };
        let live = [&seen.name, &seen.dns, &seen.certificate].iter().all(|(state, _)| *state == Right);
        if let Some(reach) = self.reach.as_ref().filter(|_| live) {
            // Cloudflare's edge learns of a certificate place by place.
            if let Err(fault) = reach.visit(&format!("https://{hostname}/")).await {
                seen.certificate = (Waiting, format!("issued, but a visit failed: {fault}"));
            }
        }
        Ok(seen)
    }

    /// Cloudflare says active only of a name that leads to it. Until then the public's view tells the customer what to
    /// mend.
    fn dns(&self, found: &Hostname, leads: Result<Leads, Fault>) -> (AspectState, String) {
        if is_active(found) {
            return (Right, String::new());
        }
        match leads {
            Ok(leads) if leads.aliases.contains(&self.target) => (Right, String::new()),
            Ok(Leads { aliases, addresses }) => match aliases.first().or(addresses.first()) {
                Some(elsewhere) => (Waiting, format!("leads to {elsewhere}, not to {}", self.target)),
                None => (Waiting, "leads nowhere: there is no such record".to_owned()),
            },
            // A resolver's trouble of its own is nobody's news.
            Err(fault) if fault.actor == Actor::Customer => (Waiting, fault.cause),
            Err(_) => (Waiting, "could not be looked up just now".to_owned()),
        }
    }
}

fn is_active(found: &Hostname) -> bool {
    matches!(found.status, HostnameStatus::Active | HostnameStatus::ActiveRedeploying)
}

fn name(found: &Hostname) -> (AspectState, String) {
    match &found.status {
        HostnameStatus::Active | HostnameStatus::ActiveRedeploying => (Right, String::new()),
        HostnameStatus::Blocked | HostnameStatus::PendingBlocked => {
            (Wrong, "Cloudflare has blocked this domain".to_owned())
        }
        HostnameStatus::Moved => (Waiting, "has pointed to us, and no longer does".to_owned()),
        _ => (Waiting, said(found, "is not proven yet")),
    }
}

fn certificate(found: &Hostname) -> (AspectState, String) {
    use CertificateStatus as Status;
    let waits = |what: &str| (Waiting, what.to_owned());
    match &found.certificate {
        Some(Status::Active) => (Right, String::new()),
        Some(Status::PendingIssuance) => waits("is being issued"),
        Some(Status::PendingDeployment) => waits("is issued, and being spread"),
        Some(Status::ValidationTimedOut | Status::IssuanceTimedOut | Status::InitializingTimedOut) => {
            (Wrong, said(found, "was given up by the authority"))
        }
        Some(Status::Expired) => waits("has expired"),
        _ => waits("waits for the domain to lead here"),
    }
}

/// What Cloudflare says is wrong, or else that.
fn said(found: &Hostname, otherwise: &str) -> String {
    if found.errors.is_empty() { otherwise.to_owned() } else { found.errors.join("; ") }
}

fn published(proof: &Proof) -> Option<DnsRecord> {
    match proof {
        Proof::Txt { name, value } => {
            Some(DnsRecord { kind: "TXT".to_owned(), name: name.clone(), value: value.clone() })
        }
        // Cloudflare serves these itself.
        Proof::File { .. } => None,
    }
}

#[cfg(test)]
mod tests;
