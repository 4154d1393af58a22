use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;
use tenancy::{Aspect, DnsRecord, DomainState, TenantId};

use crate::Outcome;
use crate::api::{Api, Shown};

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
    pub(crate) async fn run(self, api: &Api) -> Outcome {
        match self {
            Self::Add { tenant, hostname, watch } => {
                let asked = api.add_domain(&tenant, &hostname).await?;
                println!("{} is waited for. To publish:", asked.hostname);
                publish(&asked.records);
                if watch { attend(api, &tenant, &asked.hostname).await } else { Ok(ExitCode::SUCCESS) }
            }
            Self::List { tenant } => {
                for domain in api.domains(&tenant).await? {
                    println!("{}", picture(&domain));
                    publish(&domain.records);
                }
                Ok(ExitCode::SUCCESS)
            }
            Self::Remove { tenant, hostname } => {
                let asked = api.remove_domain(&tenant, &hostname).await?;
                println!("{} is being removed, operation {}", asked.hostname, asked.operation);
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

/// Says what changes, until nothing does any more.
#[allow(clippy::disallowed_methods)] // A person watches.
async fn attend(api: &Api, tenant: &TenantId, hostname: &str) -> Outcome {
    let mut said = String::new();
    loop {
        let shown = api.domain(tenant, hostname).await?;
        let now = picture(&shown);
        if now != said {
            println!("{now}");
            said = now;
        }
        match shown.domain.state {
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
    format!("{} {}{aspects}{}", domain.hostname, domain.state.name(), why.unwrap_or_default())
}

fn publish(records: &[DnsRecord]) {
    for DnsRecord { kind, name, value } in records {
        println!("  {kind:<6}{name}  {value}");
    }
}
