use dns::Authority;
use dns_probe_records::ProbeRecords;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve_probe(probe, store::ResourceLedger::from_env().await).await
}

async fn probe() -> Result<ProbeRecords, Error> {
    Ok(ProbeRecords { authority: Authority::from_env()? })
}
