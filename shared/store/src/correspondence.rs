use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenancy::{Kind, Signup, Status, TenantId};

use crate::database::{Condition, Database, Error, Key, Table, Write};
use crate::tenants::{Accepted, Refusal, Tenants, accept, new_operation, new_tenant};

/// A tenant as somebody else's control plane knows it: found by their name of it, and from ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correspondence {
    /// What they call it.
    pub theirs: String,
    /// What they call its registration, where that has a name of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<String>,
    pub tenant: TenantId,
}

impl Correspondence {
    /// The tenant that they call so.
    pub async fn find(db: &Database, theirs: &str) -> Result<Option<Self>, Error> {
        db.get(&claim_key(theirs)).await?.map(|row| row.decode()).transpose()
    }

    /// What they call a tenant of ours, if it came from them.
    pub async fn of(db: &Database, tenant: &TenantId) -> Result<Option<Self>, Error> {
        db.get(&key(tenant)).await?.map(|row| row.decode()).transpose()
    }
}

impl Tenants {
    /// Accepts a signup for somebody else's control plane, with what they call it. The same name again is the same tenant,
    /// whatever is asked for: `None` then.
    pub async fn sign_up_for(
        &self,
        signup: &Signup,
        theirs: &str,
        registration: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Accepted>, Refusal> {
        if Correspondence::find(&self.db, theirs).await?.is_some() {
            return Ok(None);
        }
        let begin = |id: TenantId, mut others: Vec<Write>| {
            let known = Correspondence {
                theirs: theirs.to_owned(),
                registration: registration.map(str::to_owned),
                tenant: id.clone(),
            };
            others.push(Write::put(claim_key(theirs), &known, Condition::Absent)?);
            others.push(Write::put(key(&id), &known, Condition::Absent)?);
            let tenant = new_tenant(id, signup, Status::Provisioning, now);
            let operation = new_operation(&tenant, Kind::Provision, &signup.blueprint, now);
            accept(tenant, &operation, Condition::Absent, None, others, now)
        };
        self.enrol(signup, None, now, begin).await.map(Some)
    }
}

fn claim_key(theirs: &str) -> Key {
    Key::new(Table::Claims, format_args!("CORRESPONDENT#{theirs}"), "CLAIM")
}

fn key(tenant: &TenantId) -> Key {
    Key::new(Table::Tenants, tenant, "CORRESPONDENT")
}
