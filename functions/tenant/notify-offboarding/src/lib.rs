//! Tells the owner by mail that their tenant is going to be deleted and how to keep it, and once it is, what is kept.

use fault::Fault;
use minijinja::{Environment, context};
use saga::Subject;
use ses::{Mail, Mailer};
use store::{Certified, Tenants};
use tenancy::{Status, Tenant};

pub const NAME: &str = "tenant-notify-offboarding";

const SUBJECT: &str = include_str!("../templates/offboarding.subject.txt");
const TEXT: &str = include_str!("../templates/offboarding.txt");
const HTML: &str = include_str!("../templates/offboarding.html");

#[derive(Debug)]
pub struct NotifyOffboarding {
    pub mailer: Mailer,
    pub tenants: Tenants,
}

impl NotifyOffboarding {
    /// Gives the id of the message, if there was something to say.
    pub async fn run(&self, subject: Subject) -> Result<Option<String>, Fault> {
        let (id, operation) = (subject.tenant(), subject.operation);
        let gone = || Fault::terminal(format!("there is no tenant {id}"));
        let tenant = self.tenants.get(id).await?.ok_or_else(gone)?.value;
        let certified = self.tenants.certificate(id).await?;
        let certified = certified.filter(|certified| certified.certificate.operation == operation);
        let leaves = tenant.status == Status::Cancelling && tenant.operation == Some(operation);
        // Somebody has restored it meanwhile, or it is stuck: that is for operators.
        if !leaves && certified.is_none() {
            return Ok(None);
        }
        self.mailer.send(&mail(&tenant, certified.as_ref())?).await.map(Some)
    }
}

fn mail(tenant: &Tenant, certified: Option<&Certified>) -> Result<Mail, Fault> {
    let certificate = certified.map(|certified| &certified.certificate);
    let values = context! {
        store => tenant.name.as_str(),
        tenant => tenant.id.as_str(),
        deletes_on => tenant.grace.as_ref().map(|grace| grace.deletes_at.strftime("%-d %B %Y, %H:%M UTC").to_string()),
        gone => certificate.is_some(),
        issued_on => certificate.map(|it| it.issued_at.strftime("%-d %B %Y, %H:%M UTC").to_string()),
        kept_until => certificate.map(|it| it.archive.kept_until.strftime("%-d %B %Y").to_string()),
        sha256 => certificate.map(|it| it.archive.sha256.as_str()),
        objects => certificate.map(|it| it.archive.objects),
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
        text: render("offboarding.txt", TEXT).map_err(broken)?,
        html: render("offboarding.html", HTML).map_err(broken)?,
    })
}

#[cfg(test)]
mod tests;
