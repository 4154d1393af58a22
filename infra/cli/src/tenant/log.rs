use std::process::ExitCode;

use tenancy::{OperationId, TenantId};

use crate::Outcome;
use crate::api::Api;
use crate::table::table;
use crate::watch::reason;

/// Tells an operation from its beginning.
pub(crate) async fn log(api: &Api, id: &TenantId, operation: OperationId) -> Outcome {
    let rows = api.log(id, operation).await?.into_iter().map(|entry| {
        let why = entry.fault.as_ref().map(|fault| format!(": {}", reason(fault)));
        let at = format!("{:.3}", entry.at);
        [at, entry.step.unwrap_or_default(), format!("{}{}", entry.what, why.unwrap_or_default())]
    });
    print!("{}", table(rows));
    Ok(ExitCode::SUCCESS)
}
