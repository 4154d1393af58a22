use std::fmt;

use fault::Fault;
use object_store::Policy;

/// What a tenant's policy notes beside what it lets be: `bucket=backups days=30 tagged=acme-7f3a9c/postgres-01...`. Kept at the
/// provider for as long as the tenant lives: what it is spelled as never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) bucket: String,
    pub(crate) days: u32,
    /// The last of what is tagged already, while it is being tagged.
    pub(crate) tagged: Option<String>,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bucket={} days={}", self.bucket, self.days)?;
        self.tagged.as_ref().map_or(Ok(()), |tagged| write!(f, " tagged={tagged}"))
    }
}

impl Note {
    pub(crate) fn of(policy: &Policy) -> Result<Self, Fault> {
        let unread = || {
            Fault::terminal(format!("the policy {} does not say where backups are", policy.name)).hint(
                "Its second statement's Sid is `bucket=<bucket> days=<days>`. Somebody has changed that.",
            )
        };
        policy.note.as_deref().and_then(Self::read).ok_or_else(unread)
    }

    fn read(text: &str) -> Option<Self> {
        // A key may have anything in it.
        let (text, tagged) = match text.split_once(" tagged=") {
            Some((text, tagged)) => (text, Some(tagged.to_owned())),
            None => (text, None),
        };
        let of = |name: &str| text.split(' ').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        Some(Self { bucket: of("bucket")?.to_owned(), days: of("days")?.parse().ok()?, tagged })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_read_again() {
        let note = Note { bucket: "backups".to_owned(), days: 30, tagged: None };
        assert_eq!(note.to_string(), "bucket=backups days=30");
        let tagged = Note { tagged: Some("a/1/with days=9 in it".to_owned()), ..note.clone() };
        for note in [note, tagged] {
            assert_eq!(Note::read(&note.to_string()), Some(note));
        }
        assert_eq!(Note::read("bucket=backups days=many"), None);
    }
}
