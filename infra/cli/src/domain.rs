use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;
use tenancy::{Aspect, DnsRecord, DomainState, TenantId};

use crate::Outcome;
use crate::api::{Asked, Shown};
use crate::session::Session;

/// How often a domain is asked about that somebody watches: it is looked at twice a minute at most.
const AGAIN: Duration = Duration::from_secs(15);

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Has a customer's own domain lead to an active tenant, in place of the one it has.
    Add {
        tenant: TenantId,
        /// For example shop.example.com.
        hostname: String,
        /// Shows how far it is until it is active or given up, which may take a day.
        #[arg(long)]
        watch: bool,
    },
    /// Lists a tenant's domains: how far each is, and what is to be published for it.
    List { tenant: TenantId },
    /// Stops serving a domain, or waiting for it.
    Remove { tenant: TenantId, hostname: String },
}

impl Command {
    pub(crate) async fn run(self, session: &Session) -> Outcome {
        let Session { api, form, .. } = session;
        match self {
            Self::Add { tenant, hostname, watch } => {
                let said = api.add_domain(&tenant, &hostname).await?;
                form.tell(&said, |Asked { hostname, records, .. }| {
                    format!("{hostname} is waited for. To publish:\n{}", to_publish(records))
                });
                if watch {
                    return attend(session, &tenant, &said.read.hostname).await;
                }
            }
            Self::List { tenant } => form.tell(&api.domains(&tenant).await?, |domains| {
                domains.iter().map(|domain| picture(domain) + &to_publish(&domain.records)).collect()
            }),
            Self::Remove { tenant, hostname } => {
                form.tell(&api.remove_domain(&tenant, &hostname).await?, |asked| {
                    format!("{} is being removed, operation {}\n", asked.hostname, asked.operation)
                });
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Says what changes, until nothing does any more.
#[allow(clippy::disallowed_methods)] // A person watches.
async fn attend(Session { api, form, .. }: &Session, tenant: &TenantId, hostname: &str) -> Outcome {
    let mut told = String::new();
    loop {
        let said = api.domain(tenant, hostname).await?;
        let now = picture(&said.read);
        if now != told {
            form.tell(&said, |_| now.clone());
            told = now;
        }
        match said.read.domain.state {
            DomainState::Active => return Ok(ExitCode::SUCCESS),
            DomainState::Failed | DomainState::Removing => return Ok(ExitCode::FAILURE),
            DomainState::Waiting | DomainState::Pending => tokio::time::sleep(AGAIN).await,
        }
    }
}

fn picture(Shown { domain, .. }: &Shown) -> String {
    let aspect = |what: &str, aspect: &Aspect| {
        let detail = if aspect.detail.is_empty() { String::new() } else { format!(": {}", aspect.detail) };
        format!("\n  {what:<12}{}{detail}", aspect.state.name())
    };
    let aspects = [("name", &domain.name), ("dns", &domain.dns), ("certificate", &domain.certificate)];
    let aspects: String = aspects.map(|(what, seen)| aspect(what, seen)).concat();
    let why = domain.fault.as_ref().map(|fault| format!("\n  {}", crate::watch::reason(fault)));
    format!("{} {}{aspects}{}\n", domain.hostname, domain.state.name(), why.unwrap_or_default())
}

fn to_publish(records: &[DnsRecord]) -> String {
    let line = |DnsRecord { kind, name, value }: &DnsRecord| format!("  {kind:<6}{name}  {value}\n");
    records.iter().map(line).collect()
}
