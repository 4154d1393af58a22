use std::process::ExitCode;

use tenancy::{OperationId, TenantId};

use crate::Outcome;
use crate::api::Audit;
use crate::session::Session;
use crate::table::table;
use crate::watch::reason;

/// Tells an operation from its beginning.
pub(crate) async fn log(
    Session { api, form, .. }: &Session,
    tenant: &TenantId,
    operation: OperationId,
) -> Outcome {
    form.tell(&api.log(tenant, operation).await?, |log| {
        table(log.iter().map(|entry| {
            let why = entry.fault.as_ref().map(|fault| format!(": {}", reason(fault)));
            let at = format!("{:.3}", entry.at);
            let step = entry.step.clone().unwrap_or_default();
            [at, step, format!("{}{}", entry.what, why.unwrap_or_default())]
        }))
    });
    Ok(ExitCode::SUCCESS)
}

/// Tells who did what to a tenant.
pub(crate) async fn audit(Session { api, form, .. }: &Session, tenant: &TenantId) -> Outcome {
    form.tell(&api.audit(tenant).await?, |audit| {
        let told = |entry: &Audit| format!("{}: {}", entry.who, entry.why);
        table(audit.iter().map(|entry| [entry.at.to_string(), entry.action.clone(), told(entry)]))
    });
    Ok(ExitCode::SUCCESS)
}
