use events::{Data, SubscriptionData, Type};
use serde::Deserialize;
use tenancy::{SubscriptionId, TenantId};

use crate::Told;
use crate::record::Record;

/// What of a subscription's record is told.
#[derive(Debug, Deserialize)]
struct Account {
    subscription: Named,
    #[serde(default)]
    tenant: Option<TenantId>,
    charged: bool,
    #[serde(default)]
    voided: Option<Voided>,
}

#[derive(Debug, Deserialize)]
struct Named {
    id: SubscriptionId,
}

#[derive(Debug, Deserialize)]
struct Voided {
    why: String,
}

/// That a subscription came to nothing: whoever bills it is to void it, too.
pub(crate) fn told(record: &Record) -> Told {
    let (before, after) = record.images::<Account>()?;
    let was_voided = before.is_some_and(|before| before.voided.is_some());
    let Some(Account { subscription, tenant, charged, voided: Some(Voided { why }) }) =
        after.filter(|_| !was_voided)
    else {
        return Ok(Vec::new());
    };
    let data = SubscriptionData { subscription: subscription.id, tenant, charged, why };
    Ok(vec![(Type::SubscriptionVoided, Data::Subscription(data))])
}
