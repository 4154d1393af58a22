use google::{SecretManager, Tokens};
use medusa_probe_store::ProbeStore;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let probe = ProbeStore {
        http: http_client::Http::network(),
        secrets: SecretManager::from_env(Tokens::from_env().await?)?,
        store_url: aws::variable("STORE_URL")?,
    };
    saga::serve_probe(probe, store::ResourceLedger::from_env().await).await
}
