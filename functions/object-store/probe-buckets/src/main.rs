use object_store_probe_buckets::ProbeBuckets;
use saga::Error;
use secrets::Vault;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve_probe(probe, store::ResourceLedger::from_env().await).await
}

async fn probe() -> Result<ProbeBuckets, Error> {
    Ok(ProbeBuckets {
        http: http_client::Http::network(),
        vault: Vault::from_env().await,
        endpoint: aws::variable("OBJECT_STORE_URL")?,
    })
}
