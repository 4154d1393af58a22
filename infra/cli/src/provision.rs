use std::process::ExitCode;

use clap::Args;
use tenancy::Status;
use ulid::Ulid;

use crate::Outcome;
use crate::api::{Api, Reply, Signup};
use crate::report::report;

/// From a name to a tenant that answers, with no more said than has to be.
#[derive(Debug, Args)]
pub(crate) struct Provision {
    /// Its name under our domain.
    subdomain: String,
    /// The owner's address.
    #[arg(long)]
    email: String,
    /// What it is made of.
    #[arg(long)]
    blueprint: String,
    /// Defaults to the blueprint's first.
    #[arg(long)]
    plan: Option<String>,
    /// Its name as customers read it, if another than the subdomain.
    #[arg(long)]
    name: Option<String>,
    /// Repeats an earlier signup safely: the same key never makes a second tenant.
    #[arg(long)]
    idempotency_key: Option<String>,
}

impl Provision {
    /// Shows its steps until it is active or has failed, and then where it answers.
    pub(crate) async fn run(self, api: &Api) -> Outcome {
        let signup = Signup {
            name: self.name.unwrap_or_else(|| self.subdomain.clone()),
            subdomain: Some(self.subdomain),
            email: self.email,
            blueprint: self.blueprint,
            plan: self.plan,
            theme: None,
            category: None,
            integrations: Vec::new(),
            custom_domain: None,
            overrides: Vec::new(),
            on_failure: None,
            origin: None,
        };
        let reply = sign_up(api, &signup, self.idempotency_key).await?;
        let outcome = report(api, &reply, true).await?;
        let Reply::Operation(accepted) = reply else { return Ok(outcome) };
        let tenant = api.tenant(&accepted.tenant.id).await?;
        if tenant.status != Status::Active {
            return Ok(ExitCode::FAILURE);
        }
        for (purpose, address) in &tenant.endpoints {
            println!("{purpose:<10}{address}");
        }
        Ok(outcome)
    }
}

/// Signs up for good. Without an answer, the error says how to repeat it.
pub(crate) async fn sign_up(
    api: &Api,
    signup: &Signup,
    key: Option<String>,
) -> Result<Reply, Box<dyn std::error::Error>> {
    let key = key.unwrap_or_else(|| Ulid::generate().to_string());
    Ok(api.sign_up(signup, &key, None).await.map_err(|error| {
        if error.may_pass() {
            format!("{error}\nit may have been accepted: repeat it with --idempotency-key {key}")
        } else {
            error.to_string()
        }
    })?)
}
