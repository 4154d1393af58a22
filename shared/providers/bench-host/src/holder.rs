use fault::Fault;
use jiff::Timestamp;
use serde::Deserialize;

use crate::refusal::FOREIGN;
use crate::{BenchHost, Done, Kind, SERVICE, Subject, Task};

/// For so long, in seconds, whoever undoes again finds the job of before.
const SAME: i64 = 15 * 60;

/// Whose a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// There is neither a thing of that name nor a mark.
    Nobody,
    /// The subject, by a mark of that moment. The thing itself may not be there yet, or no more.
    Subject { since: Timestamp },
    /// Another, or whoever made it without a mark.
    Other,
}

/// What all looks have.
#[derive(Deserialize)]
struct Whose {
    owner: Option<String>,
    made_at: Option<Timestamp>,
}

impl BenchHost {
    /// Whose a thing of the subject's name is.
    pub async fn holder(&self, at: Kind, subject: &Subject) -> Result<Holder, Fault> {
        let whose: Option<Whose> = self.look(at, subject).await?;
        Ok(match whose {
            None => Holder::Nobody,
            Some(Whose { owner, made_at }) if owner.as_ref() == Some(&subject.owner) => {
                Holder::Subject { since: made_at.unwrap_or_default() }
            }
            Some(_) => Holder::Other,
        })
    }

    /// Whether the subject has a mark: the thing is there, or may be.
    pub async fn holds(&self, at: Kind, subject: &Subject) -> Result<bool, Fault> {
        Ok(matches!(self.holder(at, subject).await?, Holder::Subject { .. }))
    }

    /// Whether a thing of the subject's name may be made or changed: none is there that is not the subject's.
    pub async fn look_for_others(&self, at: Kind, subject: &Subject) -> Result<(), Fault> {
        if self.holder(at, subject).await? != Holder::Other {
            return Ok(());
        }
        let thing = match at {
            Kind::Site => "the site",
            Kind::Served => "the file of nginx'",
            Kind::Certificate => "the certificate",
        };
        Err(Fault::terminal(format!("{thing} {} belongs to somebody else", subject.name))
            .from_provider(SERVICE, None)
            .hint(FOREIGN))
    }

    /// Has a thing of the subject's be gone; anybody else's is left alone.
    ///
    /// Whoever undoes has no operation that names the job. So the moment of the mark does, as what is made again is another thing; and
    /// the quarter of an hour, as what failed for good under one key would never be tried again.
    pub async fn undo(&self, at: Kind, subject: &Subject, now: Timestamp) -> Result<(), Fault> {
        let Holder::Subject { since } = self.holder(at, subject).await? else { return Ok(()) };
        let task = match at {
            Kind::Site => Task::DropSite {},
            Kind::Served => Task::Withdraw {},
            Kind::Certificate => Task::DeleteCertificate {},
        };
        let key = format!("undo-{}-{}", since.as_second(), now.as_second() / SAME);
        self.run(subject, &key, &task).await.map(|Done {}| ())
    }
}
