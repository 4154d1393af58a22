//! Signs in as the owner, with the password from the vault: proof that the account works before its owner is
//! told of it. Once the owner has chosen a password of their own, nobody but them can sign in; then it is
//! enough that the account is open. Of a tenant that is suspended it must be closed.

use cognito::{SignIn, UserPool};
use fault::Fault;
use saga::{Context, Probe};
use secrets::{SecretRef, Vault};
use serde::{Deserialize, Serialize};

#[derive(Debug)]
pub struct ProbeSignIn {
    pub pool: UserPool,
    pub vault: Vault,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    username: String,
    secret: SecretRef,
}

#[derive(Debug, Serialize)]
pub struct Output {
    username: String,
}

impl Probe for ProbeSignIn {
    const NAME: &'static str = "merchant-probe-sign-in";
    type Params = Params;
    type Output = Output;

    async fn look(&self, cx: &Context, params: &Params) -> Result<Output, Fault> {
        let seen = Output { username: params.username.clone() };
        let found = self.pool.find_user(&params.username).await?;
        if cx.tenant.suspended {
            return match found {
                Some(user) if user.enabled => {
                    Err(Fault::not_ready(format!("{} can still sign in", params.username)))
                }
                _ => Ok(seen),
            };
        }
        if found.is_some_and(|user| user.claimed && user.confirmed && user.enabled) {
            return Ok(seen);
        }
        let password = self.vault.read(&params.secret).await?;
        match self.pool.sign_in(&params.username, &password).await? {
            SignIn::Accepted(_) => Ok(seen),
            SignIn::Refused => Err(Fault::not_ready(format!("{} cannot sign in yet", params.username))),
        }
    }
}
