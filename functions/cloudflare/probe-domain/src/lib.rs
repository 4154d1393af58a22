//! Looks how far the domain is that an operation waits for, at Cloudflare, in the customer's DNS, and by a visit.

use cloudflare::{CertificateStatus, Hostname, HostnameStatus, Proof, Zone};
use fault::Fault;
use saga::Subject;
use tenancy::AspectState::{Right, Waiting, Wrong};
use tenancy::{AspectState, DnsRecord, Domain, Seen};
use watch::{Output, Watch};

pub const NAME: &str = "cloudflare-probe-domain";

#[derive(Debug)]
pub struct ProbeDomain {
    pub zone: Zone,
    pub watch: Watch,
}

impl ProbeDomain {
    pub async fn run(&self, subject: Subject) -> Result<Output, Fault> {
        self.watch.run(&subject, async |domain: &Domain| self.look(domain).await).await
    }

    async fn look(&self, domain: &Domain) -> Result<Seen, Fault> {
        let hostname = domain.hostname.as_str();
        let found = self.zone.find_hostname(hostname).await?;
        let missing = || Fault::transient(format!("{hostname} is not seen at Cloudflare yet"));
        let found = found.ok_or_else(missing)?;
        // Cloudflare says active only of a name that leads to it. Until then the public's view tells the customer what to
        // mend.
        let dns = if is_active(&found) { (Right, String::new()) } else { self.watch.dns(domain, &[]).await };
        let seen = Seen {
            name: name(&found),
            dns,
            certificate: certificate(&found),
            proofs: found.proofs.iter().filter_map(published).collect(),
        };
        Ok(self.watch.visited(domain, seen).await)
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
