use mysql::MySql;
use mysql_probe_databases::ProbeDatabases;
use saga::Error;
use secrets::Vault;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve_probe(probe, store::ResourceLedger::from_env().await).await
}

async fn probe() -> Result<ProbeDatabases, Error> {
    Ok(ProbeDatabases { mysql: MySql::from_env().await?, vault: Vault::from_env().await })
}
