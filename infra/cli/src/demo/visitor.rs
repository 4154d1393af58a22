use std::error::Error;
use std::net::{IpAddr, SocketAddr};

use clap::Args;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Response, Url};

use crate::api::unanswered;

/// How tenants are reached that no public name leads to and no public authority vouches for: those of a stack on this
/// machine.
#[derive(Debug, Args)]
pub(crate) struct Visitor {
    /// Where tenants' names lead.
    #[arg(long, env = "TENANT_ADDRESS")]
    tenant_address: Option<IpAddr>,
    /// Who vouches for their names besides the public authorities, in PEM.
    #[arg(long, env = "TENANT_CA", hide_env_values = true)]
    tenant_ca: Option<String>,
}

impl Visitor {
    /// What an address answers.
    pub(super) async fn visit(&self, address: &str) -> Result<Response, Box<dyn Error>> {
        let url: Url = address.parse()?;
        let Some(name) = url.domain() else {
            return Ok(http_client::client().get(url).send().await.map_err(|e| unanswered(&e))?);
        };
        let mut client = Client::builder().redirect(Policy::none());
        if let Some(address) = self.tenant_address {
            client = client.resolve(name, SocketAddr::new(address, 0));
        }
        if let Some(authority) = &self.tenant_ca {
            client = client.add_root_certificate(Certificate::from_pem(authority.as_bytes())?);
        }
        Ok(client.build()?.get(url).send().await.map_err(|e| unanswered(&e))?)
    }
}
