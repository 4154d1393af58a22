//! Looks how far the domain is that an operation waits for: whether ingress-nginx has the name, whether the customer's DNS leads
//! to us, whether cert-manager has its certificate. That is asked for once the DNS leads here, which this tells the machine.

use fault::Fault;
use kubernetes::api::networking::v1::Ingress;
use kubernetes::cert_manager::Certificate;
use kubernetes::{Cluster, Progress as _, State, TenantIngress};
use saga::Subject;
use tenancy::AspectState::{Right, Waiting, Wrong};
use tenancy::{AspectState, Domain, Mark, Seen, TenantId};
use watch::{Output, Watch};

pub const NAME: &str = "kubernetes-probe-domain";

#[derive(Debug)]
pub struct ProbeDomain {
    pub cluster: Cluster,
    pub deployment: String,
    /// What tenants' namespaces begin with.
    pub prefix: String,
    pub watch: Watch,
}

impl ProbeDomain {
    pub async fn run(&self, subject: Subject) -> Result<Output, Fault> {
        let look = async |domain: &Domain| self.look(subject.tenant(), domain).await;
        self.watch.run(&subject, look).await
    }

    async fn look(&self, tenant: &TenantId, domain: &Domain) -> Result<Seen, Fault> {
        let hostname = domain.hostname.as_str();
        let namespace = format!("{}-{tenant}", self.prefix);
        let mark = Mark { deployment: self.deployment.clone(), tenant: tenant.clone() }.to_string();
        let found: Option<Ingress> = self.cluster.find_own(Some(&namespace), hostname, &mark).await?;
        let missing = || Fault::transient(format!("{hostname} is not seen in {namespace} yet"));
        let ingress = found.ok_or_else(missing)?;
        let certificate: Option<Certificate> =
            self.cluster.find_own(Some(&namespace), hostname, &mark).await?;
        let seen = Seen {
            name: said(ingress.progress()),
            dns: self.watch.dns(domain, &TenantIngress::addresses(&ingress)).await,
            certificate: match certificate {
                Some(certificate) => said(certificate.progress()),
                None => (Waiting, "waits for the domain to lead here".to_owned()),
            },
            proofs: Vec::new(),
        };
        Ok(self.watch.visited(domain, seen).await)
    }
}

/// What a controller says of it.
fn said(state: State) -> (AspectState, String) {
    match state {
        State::Ready => (Right, String::new()),
        State::Waiting { reason, message } => (Waiting, format!("{reason}: {message}")),
        State::Failed { reason, message } => (Wrong, format!("{reason}: {message}")),
    }
}

#[cfg(test)]
mod tests;
