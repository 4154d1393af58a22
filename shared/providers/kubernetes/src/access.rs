use std::fmt;

use fault::Fault;
use http_client::Http;
use secrets::{ExposeSecret, SecretString};
use serde::Deserialize;

/// Who we are in a cluster and where it is, as the vault has it:
/// `{"server": "https://...", "token": "...", "certificate_authority": "-----BEGIN CERTIFICATE-----..."}`.
///
/// Without `certificate_authority`, the system's are trusted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    pub server: String,
    pub token: SecretString,
    /// PEM.
    #[serde(default)]
    pub certificate_authority: Option<String>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Access {
    /// The fault in one that cannot be read says where, not what.
    pub fn read(secret: &SecretString) -> Result<Self, Fault> {
        serde_json::from_str(secret.expose_secret()).map_err(|e| {
            let at = format!("line {}, column {}", e.line(), e.column());
            Fault::terminal(format!("the secret of the cluster cannot be read, at {at}")).hint(
                "It is JSON with `server`, `token` and, unless a public authority vouches for the server, \
                 `certificate_authority` in PEM.",
            )
        })
    }

    /// A cluster is usually its own authority: then nobody else is believed.
    pub(crate) fn http(&self) -> Result<Http, Fault> {
        match &self.certificate_authority {
            None => Ok(Http::network()),
            Some(pem) => http_client::trusting(pem.as_bytes()).map(Http::Network),
        }
    }
}
