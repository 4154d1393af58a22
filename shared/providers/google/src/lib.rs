#![doc = include_str!("../README.md")]

mod caller;
mod cloud_run;
mod iam;
mod key;
mod secret_manager;
mod tokens;

pub use cloud_run::{
    Boot, CloudRun, Container, EnvVar, Found, HttpGet, Ingress, InstanceScaling, Listed, Port, Progress,
    RUN_CHANGES, RUN_READS, Resources, SecretVersion, Service, ServiceScaling, State, Template,
};
pub use secret_manager::{SECRET_CHANGES, SECRET_READS, Secret, SecretManager};
pub use tokens::Tokens;

/// Where Cloud Run answers.
pub const RUN_URL: &str = "https://run.googleapis.com";

/// Where Secret Manager answers.
pub const SECRETS_URL: &str = "https://secretmanager.googleapis.com";

/// The annotation that carries our ownership mark.
pub const OWNER: &str = "tenantry-owner";

/// The label that carries the deployment, for listings.
pub const DEPLOYMENT: &str = "tenantry";

/// Seconds that a function lets Google wait for it: as many as leave it time to say so, of the thirty it has.
pub const PATIENCE: u8 = 20;

/// A part of a listing, and where the next part begins.
#[derive(Clone, Debug)]
pub struct Part<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

#[cfg(test)]
mod tests;
