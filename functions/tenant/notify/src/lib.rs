//! Welcomes the owner by mail: where everything is, and a link to sign in for the first time.
//!
//! The link works once and carries a random token, of which only the hash is kept. A mail that is sent twice,
//! after a lost answer of SES, holds two such links, and both work.

use std::collections::BTreeMap;

use fault::Fault;
use jiff::ToSpan;
use minijinja::{Environment, context};
use saga::{Ledger as _, Report};
use serde::Deserialize;
use ses::{Mail, Mailer};
use sha2::{Digest, Sha256};
use store::{Claims, Invitation, ResourceLedger};
use tenancy::{OperationId, Snapshot};

pub const NAME: &str = "tenant-notify";

const SUBJECT: &str = include_str!("../templates/welcome.subject.txt");
const TEXT: &str = include_str!("../templates/welcome.txt");
const HTML: &str = include_str!("../templates/welcome.html");

/// How long the link works.
const DAYS: i64 = 7;

#[derive(Debug)]
pub struct Notify {
    pub mailer: Mailer,
    pub claims: Claims,
    pub ledger: ResourceLedger,
}

#[derive(Debug, Deserialize)]
pub struct Input {
    operation: OperationId,
    tenant: Snapshot,
    /// Where the tenant answers, by purpose: `site`, `dashboard`.
    endpoints: BTreeMap<String, String>,
    /// The page that takes the link's token.
    first_sign_in: String,
}

impl Notify {
    /// Sends the mail, and reports how that went: the tenant is active either way (invariant 11), and whoever
    /// looks at the operation sees whether its owner was told. Gives the id of the message.
    pub async fn run(&self, input: Input) -> Result<String, Fault> {
        let begun_at = clock::now();
        let outcome = self.send(&input).await;
        let changed_at = clock::now();
        let report = Report {
            tenant: input.tenant.id,
            operation: input.operation,
            step: NAME.to_owned(),
            attempts: 1,
            begun_at,
            changed_at,
            busy_ms: u64::try_from(changed_at.as_millisecond() - begun_at.as_millisecond())
                .unwrap_or_default(),
            fault: outcome.as_ref().err().cloned(),
            seen: None,
        };
        self.ledger.report(report).await?;
        outcome
    }

    async fn send(&self, input: &Input) -> Result<String, Fault> {
        let mut token = [0_u8; 32];
        getrandom::fill(&mut token).map_err(|e| Fault::transient(format!("no randomness: {e}")))?;
        let token = hex::encode(token);
        let invitation = Invitation { tenant: input.tenant.id.clone() };
        let until = clock::now() + (DAYS * 24).hours();
        self.claims.invite(&hex::encode(Sha256::digest(token.as_bytes())), &invitation, until).await?;
        self.mailer.send(&welcome(input, &token)?).await
    }
}

fn welcome(input: &Input, token: &str) -> Result<Mail, Fault> {
    let values = context! {
        store => context! { name => input.tenant.name.as_str() },
        plan => context! { name => input.tenant.plan.name.as_str(), trial_days => input.tenant.plan.trial_days },
        endpoints => &input.endpoints,
        first_sign_in => format!("{}?token={token}", input.first_sign_in),
        days => DAYS,
    };
    let mut mail = Environment::new();
    let mut render = |name, template| {
        mail.add_template(name, template)?;
        mail.get_template(name)?.render(&values)
    };
    let broken = |e: minijinja::Error| Fault::terminal(format!("the mail does not render: {e:#}"));
    Ok(Mail {
        to: input.tenant.email.to_string(),
        subject: render("subject.txt", SUBJECT).map_err(broken)?.trim().to_owned(),
        text: render("welcome.txt", TEXT).map_err(broken)?,
        html: render("welcome.html", HTML).map_err(broken)?,
    })
}
