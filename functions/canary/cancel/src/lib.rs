//! Has a synthetic tenant deleted, without a day of grace. What is under way is let come to its end first.

use canary::{Deletion, Named, Platform};
use fault::Fault;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenancy::Status;

#[derive(Debug)]
pub struct Cancel {
    pub platform: Platform,
}

#[derive(Debug, Deserialize)]
pub struct Input {
    tenant: Named,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Output {
    pub at: Timestamp,
}

impl Cancel {
    pub async fn run(&self, Input { tenant: Named { id } }: Input) -> Result<Output, Fault> {
        let accepted = Output { at: clock::now() };
        let found = self.platform.tenant(&id).await?;
        // Said before, and the answer was lost.
        let going = |status| matches!(status, Status::Deleting | Status::Deleted);
        if found.is_none_or(|found| going(found.tenant.status)) {
            return Ok(accepted);
        }
        match self.platform.delete(&id, "the canary has seen enough").await? {
            Deletion::Begun => Ok(accepted),
            Deletion::Busy(why) => Err(Fault::not_ready(why)),
            Deletion::Waits => Err(Fault::terminal(format!("somebody has to approve that {id} goes"))),
        }
    }
}

#[cfg(test)]
mod tests;
