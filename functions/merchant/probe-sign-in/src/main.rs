use merchant_probe_sign_in::ProbeSignIn;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve_probe(probe, store::ResourceLedger::from_env().await).await
}

async fn probe() -> Result<ProbeSignIn, Error> {
    Ok(ProbeSignIn { pool: cognito::UserPool::from_env().await?, vault: secrets::Vault::from_env().await })
}
