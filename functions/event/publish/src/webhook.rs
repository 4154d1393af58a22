use events::{Data, Type, Webhook, WebhookData};

use crate::Told;
use crate::record::Record;

/// That an endpoint was given up: whoever has others is told by these.
pub(crate) fn told(record: &Record) -> Told {
    let (before, after) = record.images::<Webhook>()?;
    let was_disabled = before.is_some_and(|before| before.disabled.is_some());
    let Some(webhook) = after.filter(|after| after.disabled.is_some() && !was_disabled) else {
        return Ok(Vec::new());
    };
    let reason = webhook.disabled.map(|disabled| disabled.fault.cause);
    let data = WebhookData { webhook: webhook.id.to_string(), tenant: webhook.tenant, reason };
    Ok(vec![(Type::WebhookDisabled, Data::Webhook(data))])
}
