use std::fs;
use std::path::Path;
use std::process::ExitCode;

use tenancy::TenantId;

use crate::Outcome;
use crate::failure::{Exit, Failure};
use crate::session::Session;

/// Writes everything that is held about a tenant, as the API gives it.
pub(crate) async fn export(session: &Session, tenant: &TenantId, output: Option<&Path>) -> Outcome {
    let said = session.api.export(tenant).await?;
    match output {
        None => session.form.tell(&said, |document| format!("{document:#}\n")),
        Some(file) => {
            fs::write(file, format!("{:#}\n", said.json))
                .map_err(|e| Failure::new(Exit::Failed, format!("{}: {e}", file.display())))?;
            eprintln!("tenant {tenant} is written to {}", file.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}
