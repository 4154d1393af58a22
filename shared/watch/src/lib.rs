//! Looks after the domain that an operation waits for, whoever serves it: keeps what was seen, and says when to look again.
//!
//! Three things are looked at apart, for each has somebody else to mend it: whether the provider has the name, whether the
//! customer's DNS leads to us, whether there is a certificate. When all say yes the domain is visited, as anybody would:
//! only what answers there is live (invariant 10). A look that fails is no failure of the domain; it is looked at again.

use fault::{Actor, Fault};
use jiff::Timestamp;
use reach::Reach;
use resolver::{Leads, Resolver};
use saga::Subject;
use serde::Serialize;
use store::{Database, Tenants};
use telemetry::Certificate;
use tenancy::AspectState::{Right, Waiting};
use tenancy::{AspectState, Domain, DomainName, Seen};

#[derive(Debug)]
pub struct Watch {
    pub resolver: Resolver,
    /// How a domain is visited; where none can be, the provider's word is enough.
    pub reach: Option<Reach>,
    /// What customers point their domains to.
    pub target: String,
    pub tenants: Tenants,
}

#[derive(Debug, Serialize)]
pub struct Output {
    /// Whether there is something to wait for.
    pub pending: bool,
    /// Until the next look.
    pub seconds: u64,
    /// The domain that is waited for, once it leads to us.
    pub proven: Option<DomainName>,
}

/// Records how long a domain that leads here has waited for its certificate.
fn certified(domain: &Domain, seen: &Seen, now: Timestamp) {
    if seen.dns.0 != Right || domain.certificate.state == Right {
        return;
    }
    let since = if domain.dns.state == Right { domain.dns.since } else { now };
    let certificate = if seen.certificate.0 == Right { Certificate::Issued } else { Certificate::Waiting };
    telemetry::certificate_seen(certificate, now.duration_since(since).unsigned_abs());
}

impl Watch {
    pub fn from_env(db: Database) -> Result<Self, Fault> {
        let variable = |name| aws::variable(name).map_err(|e| Fault::terminal(e.to_string()));
        let visits = variable("DOMAIN_VISITS")? == "true";
        Ok(Self {
            resolver: Resolver::from_env()?,
            reach: visits.then(Reach::network),
            target: variable("DOMAIN_TARGET")?,
            tenants: Tenants::new(db),
        })
    }

    /// Has the domain looked at, if it is still waited for.
    pub async fn run(
        &self,
        subject: &Subject,
        look: impl AsyncFnOnce(&Domain) -> Result<Seen, Fault>,
    ) -> Result<Output, Fault> {
        let (id, operation) = (subject.tenant(), subject.operation);
        let gone = || Fault::terminal(format!("there is no operation {operation} of a tenant {id}"));
        let record = self.tenants.operation(id, operation).await?.ok_or_else(gone)?.value;
        let tenant = self.tenants.get(id).await?.ok_or_else(gone)?.value;
        let domains = self.tenants.domains(id).await?.value;
        let watched = domains.watched(operation).filter(|_| !record.is_fenced() && !tenant.status.is_going());
        let Some(domain) = watched else { return Ok(Output { pending: false, seconds: 0, proven: None }) };
        let seen = look(domain).await;
        if let Err(fault) = &seen {
            tracing::warn!(tenant.id = %id, execution.id = %operation, fault = fault.kind.name(), "{} was not seen: {fault}", domain.hostname);
        }
        let leads = seen.as_ref().is_ok_and(|seen| seen.dns.0 == Right);
        let now = clock::now();
        if let Ok(seen) = &seen {
            certified(domain, seen, now);
        }
        let again = self.tenants.looked_at_domain(id, operation, seen, now).await?;
        Ok(Output {
            pending: again.is_some(),
            seconds: again.unwrap_or_default(),
            proven: leads.then(|| domain.hostname.clone()),
        })
    }

    /// Where the public sees the domain lead: to what customers are told, or to where that leads, as at the top of a zone,
    /// where there are no aliases.
    pub async fn dns(&self, domain: &Domain, addresses: &[String]) -> (AspectState, String) {
        match self.resolver.look_up(domain.hostname.as_str()).await {
            Ok(leads) if leads.aliases.contains(&self.target) => (Right, String::new()),
            Ok(leads) if leads.addresses.iter().any(|it| addresses.contains(it)) => (Right, String::new()),
            Ok(Leads { aliases, addresses }) => match aliases.first().or(addresses.first()) {
                Some(elsewhere) => (Waiting, format!("leads to {elsewhere}, not to {}", self.target)),
                None => (Waiting, "leads nowhere: there is no such record".to_owned()),
            },
            // A resolver's trouble of its own is nobody's news.
            Err(fault) if fault.actor == Actor::Customer => (Waiting, fault.cause),
            Err(_) => (Waiting, "could not be looked up just now".to_owned()),
        }
    }

    /// The same, and what a visit said, if all seems well. What answers everywhere learns of a certificate place by place.
    pub async fn visited(&self, domain: &Domain, mut seen: Seen) -> Seen {
        let live = [&seen.name, &seen.dns, &seen.certificate].iter().all(|(state, _)| *state == Right);
        if let Some(reach) = self.reach.as_ref().filter(|_| live)
            && let Err(fault) = reach.visit(&format!("https://{}/", domain.hostname)).await
        {
            seen.certificate = (Waiting, format!("issued, but a visit failed: {fault}"));
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use serde_json::{Value, json};

    use super::*;

    /// A domain that leads here, since some moment or not as far as was known.
    fn domain(dns: &str, certificate: &str) -> Domain {
        let aspect = |state: &str| json!({ "state": state, "since": "2026-01-01T00:00:00Z" });
        let domain = json!({
            "hostname": "shop.example.com", "state": "pending", "requested_at": "2025-12-31T00:00:00Z",
            "name": aspect("right"), "dns": aspect(dns), "certificate": aspect(certificate),
        });
        serde_json::from_value(domain).expect("a domain")
    }

    /// What is recorded when a look, an hour and a minute later, sees these.
    fn recorded(domain: &Domain, dns: AspectState, certificate: AspectState) -> Vec<(Value, Value)> {
        let seen = |state| (state, String::new());
        let seen =
            Seen { name: seen(Right), dns: seen(dns), certificate: seen(certificate), proofs: Vec::new() };
        let since: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
        telemetry::listen();
        certified(domain, &seen, since + 61.minutes());
        telemetry::heard()
            .into_iter()
            .map(|line| (line["state"].clone(), line["CertificateWait"].clone()))
            .collect()
    }

    #[test]
    fn a_certificate_is_waited_for_from_when_the_domain_leads_here() {
        let leads = domain("right", "waiting");
        assert_eq!(recorded(&leads, Right, Waiting), [(json!("waiting"), json!(3660))]);
        assert_eq!(recorded(&leads, Right, Right), [(json!("issued"), json!(3660))]);
        let led_elsewhere = domain("waiting", "waiting");
        assert_eq!(recorded(&led_elsewhere, Right, Waiting), [(json!("waiting"), json!(0))]);
        assert_eq!(recorded(&led_elsewhere, Waiting, Waiting), [], "it is the customer's to wait for");
        assert_eq!(recorded(&domain("right", "right"), Right, Right), [], "it was there before");
    }
}
