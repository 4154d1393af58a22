use clap::Args;
use reqwest::Url;
use tenancy::{OperationId, TenantId};

use crate::api::Api;
use crate::failure::Failure;
use crate::form::Form;
use crate::profile::Profile;
use crate::sign_in::SignIn;

/// Which deployment is meant, and how its answers are told. What is not given here, the profile says.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Deployment")]
pub(crate) struct Target {
    /// The deployment, as the configuration calls it; `default`, if it has one.
    #[arg(long, env = "TENANTRY_PROFILE", global = true)]
    profile: Option<String>,
    /// Where the API answers, for example <https://api.example.com>.
    #[arg(long, env = "TENANTRY_API", global = true)]
    api: Option<Url>,
    /// Where the console answers: what is under way is linked to there.
    #[arg(long, env = "TENANTRY_CONSOLE", global = true)]
    console: Option<Url>,
    /// Where AWS has its catalogue.
    #[arg(long, env = "AWS_REGION", global = true)]
    region: Option<String>,
    #[command(flatten)]
    sign_in: SignIn,
    /// Says what the API answers as it is, a line each; errors too.
    #[arg(long, global = true)]
    json: bool,
}

/// A deployment to work with.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) api: Api,
    pub(crate) form: Form,
    console: Option<Url>,
}

impl Target {
    pub(crate) fn form(&self) -> Form {
        if self.json { Form::Json } else { Form::Words }
    }

    pub(crate) fn profile(&self) -> Result<Profile, Failure> {
        Profile::read(self.profile.as_deref())
    }

    pub(crate) fn region(&self, profile: &Profile) -> Option<String> {
        self.region.clone().or_else(|| profile.region.clone())
    }

    pub(crate) async fn open(self) -> Result<Session, Failure> {
        let profile = self.profile()?;
        let form = self.form();
        let base = self.api.or(profile.api).ok_or_else(|| {
            Failure::usage("nobody says where the API answers")
                .hint("set TENANTRY_API, or give --api or --profile")
        })?;
        let token = self.sign_in.token(profile.client_id, profile.token_url).await?;
        Ok(Session { api: Api::new(base, token), form, console: self.console.or(profile.console) })
    }
}

impl Session {
    /// A line that leads people to a tenant, or to an operation of it, who sign in to the console. Empty, if nobody said
    /// where that is.
    pub(crate) fn link(&self, tenant: &TenantId, operation: Option<OperationId>) -> String {
        let Some(console) = &self.console else { return String::new() };
        let operation = operation.map(|operation| format!("/operations/{operation}"));
        format!("console   {console}#/tenants/{tenant}{}\n", operation.unwrap_or_default())
    }
}
