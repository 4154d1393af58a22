//! Tells the owner by mail how it is with their domain: which records to publish, that it is live, or why it is not.
//! Of a domain that they had taken away themselves they need not be told.

use fault::Fault;
use minijinja::{Environment, context};
use saga::Subject;
use ses::{Mail, Mailer};
use store::Tenants;
use tenancy::{DnsRecord, Domain, DomainState, Tenant};

pub const NAME: &str = "tenant-notify-domain";

const SUBJECT: &str = include_str!("../templates/domain.subject.txt");
const TEXT: &str = include_str!("../templates/domain.txt");
const HTML: &str = include_str!("../templates/domain.html");

#[derive(Debug)]
pub struct NotifyDomain {
    pub mailer: Mailer,
    pub tenants: Tenants,
    /// What customers point their domains to.
    pub target: String,
}

impl NotifyDomain {
    /// Gives the id of the message, if there was something to say.
    pub async fn run(&self, subject: Subject) -> Result<Option<String>, Fault> {
        let (id, operation) = (subject.tenant(), subject.operation);
        let gone = || Fault::terminal(format!("there is no tenant {id}"));
        let tenant = self.tenants.get(id).await?.ok_or_else(gone)?.value;
        let domains = self.tenants.domains(id).await?.value;
        let news = |domain: &&Domain| {
            domain.operation == Some(operation)
                && matches!(domain.state, DomainState::Pending | DomainState::Active | DomainState::Failed)
        };
        let Some(domain) = domains.all.iter().find(news) else { return Ok(None) };
        self.mailer.send(&mail(&tenant, domain, &self.target)?).await.map(Some)
    }
}

fn mail(tenant: &Tenant, domain: &Domain, target: &str) -> Result<Mail, Fault> {
    let records: Vec<_> = [DnsRecord::alias(&domain.hostname, target)]
        .into_iter()
        .chain(domain.proofs.clone())
        .map(|record| context! { type => record.kind, name => record.name, value => record.value })
        .collect();
    let values = context! {
        store => tenant.name.as_str(),
        hostname => domain.hostname.as_str(),
        state => domain.state.name(),
        cause => domain.fault.as_ref().map(|fault| fault.cause.as_str()),
        hint => domain.fault.as_ref().and_then(|fault| fault.hint.as_deref()),
        records => records,
        endpoints => &tenant.endpoints,
    };
    let mut mail = Environment::new();
    let mut render = |name, template| {
        mail.add_template(name, template)?;
        mail.get_template(name)?.render(&values)
    };
    let broken = |e: minijinja::Error| Fault::terminal(format!("the mail does not render: {e:#}"));
    Ok(Mail {
        to: tenant.email.to_string(),
        subject: render("subject.txt", SUBJECT).map_err(broken)?.trim().to_owned(),
        text: render("domain.txt", TEXT).map_err(broken)?,
        html: render("domain.html", HTML).map_err(broken)?,
    })
}

#[cfg(test)]
mod tests;
