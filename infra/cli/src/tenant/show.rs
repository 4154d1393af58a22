use std::process::ExitCode;

use tenancy::TenantId;

use crate::Outcome;
use crate::api::ShownTenant;
use crate::session::Session;
use crate::table::fields;

pub(crate) async fn show(Session { api, form, .. }: &Session, tenant: &TenantId) -> Outcome {
    form.tell(&api.shown_tenant(tenant).await?, picture);
    Ok(ExitCode::SUCCESS)
}

fn picture(ShownTenant { tenant, newer_version }: &ShownTenant) -> String {
    let mut shown = Vec::new();
    let mut line = |what: &str, value: &str| shown.push((what.to_owned(), value.to_owned()));
    line("tenant", tenant.id.as_str());
    line("name", &tenant.name);
    line("status", tenant.status.name());
    line("subdomain", tenant.subdomain.as_str());
    line("email", tenant.email.as_str());
    let newer = newer_version.map_or_else(String::new, |newer| format!(", and {newer} is there"));
    line("blueprint", &format!("{}{newer}", tenant.blueprint));
    line("plan", &tenant.plan);
    line("theme", tenant.theme.as_deref().unwrap_or("-"));
    line("category", tenant.category.as_deref().unwrap_or("-"));
    line("created", &tenant.created_at.to_string());
    if let Some(at) = tenant.activated_at {
        line("activated", &at.to_string());
    }
    if let Some(at) = tenant.active_at {
        line("used", &at.to_string());
    }
    if let Some(at) = tenant.hibernates_at {
        line("sleeps at", &at.to_string());
    }
    if !tenant.access.is_full() {
        line("access", tenant.access.name());
    }
    if let Some(until) = tenant.approve_by {
        line("approve by", &until.to_string());
    }
    if let Some(grace) = &tenant.grace {
        line("deleted at", &grace.deletes_at.to_string());
    }
    for (what, guard) in [("held by", &tenant.hold), ("locked by", &tenant.deletion_lock)] {
        if let Some(guard) = guard {
            line(what, &format!("{}, {:.0}: {}", guard.who, guard.since, guard.why));
        }
    }
    for (name, value) in &tenant.overrides {
        line("override", &format!("{name}={value}"));
    }
    for integration in &tenant.integrations {
        line("integration", integration);
    }
    for (purpose, url) in &tenant.endpoints {
        line(purpose, url);
    }
    if let Some(operation) = tenant.operation {
        line("operation", &operation.to_string());
    }
    fields(shown)
}
