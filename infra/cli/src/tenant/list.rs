use std::process::ExitCode;

use tenancy::Tenant;

use crate::Outcome;
use crate::api::Wanted;
use crate::form::Form;
use crate::session::Session;
use crate::table::table;

pub(crate) async fn list(Session { api, form, .. }: &Session, wanted: &Wanted) -> Outcome {
    let said = api.tenants(wanted).await?;
    form.tell(&said, |part| table(part.tenants.iter().map(row)));
    if let (Form::Words, Some(mark)) = (form, &said.read.next) {
        eprintln!("there may be more: --after {mark}");
    }
    Ok(ExitCode::SUCCESS)
}

fn row(Tenant { id, name, status, plan, blueprint, created_at, .. }: &Tenant) -> [String; 6] {
    [
        id.to_string(),
        name.clone(),
        status.to_string(),
        plan.clone(),
        blueprint.to_string(),
        format!("{created_at:.0}"),
    ]
}
