use clap::Args;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::api::{Error, Said, answer};

/// What a machine asks of the issuer.
const SCOPE: &str = "tenantry/machine";

/// Who calls the API: whoever a token was issued to, or a machine with credentials of its own.
#[derive(Clone, Debug, Args)]
pub(crate) struct SignIn {
    /// A token for the API.
    #[arg(long, env = "TENANTRY_TOKEN", hide_env_values = true, global = true)]
    token: Option<SecretString>,
    /// Without a token, the machine to get one for.
    #[arg(long, env = "TENANTRY_CLIENT_ID", global = true)]
    client_id: Option<String>,
    // In the environment: others can read the arguments of a process.
    #[arg(long, env = "TENANTRY_CLIENT_SECRET", hide = true, global = true)]
    client_secret: Option<SecretString>,
    /// Where a machine gets its token.
    #[arg(long, env = "TENANTRY_TOKEN_URL", global = true)]
    token_url: Option<Url>,
}

impl SignIn {
    /// The token to call with; a machine is known by the profile, too. Without one, the API is called as nobody.
    pub(crate) async fn token(
        self,
        client_id: Option<String>,
        token_url: Option<Url>,
    ) -> Result<Option<SecretString>, Error> {
        let token = self.token.filter(|token| !token.expose_secret().is_empty());
        match (token, self.client_id.or(client_id), self.client_secret, self.token_url.or(token_url)) {
            (Some(token), ..) => Ok(Some(token)),
            (None, Some(id), Some(secret), Some(url)) => machine_token(&id, &secret, url).await.map(Some),
            _ => Ok(None),
        }
    }
}

/// A token by client credentials (RFC 6749, 4.4).
async fn machine_token(id: &str, secret: &SecretString, url: Url) -> Result<SecretString, Error> {
    #[derive(Deserialize)]
    struct Issued {
        access_token: SecretString,
    }
    let request = http_client::client().post(url).basic_auth(id, Some(secret.expose_secret()));
    let issued = answer(request.form(&[("grant_type", "client_credentials"), ("scope", SCOPE)])).await;
    match issued {
        Ok(Said { read: Issued { access_token }, .. }) => Ok(access_token),
        // Issuers call bad credentials a bad request (RFC 6749, 5.2).
        Err(Error::Refused(mut problem)) if problem.status == 400 => {
            problem.status = 401;
            Err(Error::Refused(problem))
        }
        Err(error) => Err(error),
    }
}
