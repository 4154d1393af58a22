use std::process::ExitCode;

use tenancy::SubscriptionId;

use crate::Outcome;
use crate::api::Subscription;
use crate::session::Session;
use crate::table::fields;

pub(crate) async fn show(Session { api, form, .. }: &Session, id: &SubscriptionId) -> Outcome {
    form.tell(&api.subscription(id).await?, |known| picture(id, known));
    Ok(ExitCode::SUCCESS)
}

fn picture(id: &SubscriptionId, known: &Subscription) -> String {
    let mut shown = vec![
        ("tenant", known.tenant.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string)),
        ("charged", if known.charged { "yes" } else { "no" }.to_owned()),
    ];
    shown.extend(known.voided.as_ref().map(|voided| ("voided", format!("{}, {}", voided.at, voided.why))));
    shown.extend(known.refused.clone().map(|refused| ("not done", refused)));
    format!(
        "subscription {id}: {} events, {} of them too late to matter\n{}{:#}\n",
        known.heard,
        known.late,
        fields(shown),
        known.subscription
    )
}
