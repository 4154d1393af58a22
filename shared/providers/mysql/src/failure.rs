use fault::{Fault, Kind};

use crate::SERVICE;

/// Why a statement has no answer. Codes are those of MySQL and MariaDB alike
/// (<https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html>).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The server refused. Of a statement with a password in it the message is empty: a server may quote what it was sent.
    Refused { code: u16, message: String },
    /// There was no connection, or it broke: the statement may have taken effect.
    Unanswered(String),
    /// We cannot, whatever the server would say.
    Unable(String),
}

/// Too many connections, shutting down, waited for a lock, deadlocked, out of connections for this user, a replica that is not
/// written to (a failover is under way), the connection was killed.
const PASSING: [u16; 9] = [1040, 1053, 1205, 1213, 1203, 1290, 1836, 1927, 3169];

/// The administrator may not: use the database, connect, do this to a table, do this at all.
const DENIED: [u16; 4] = [1044, 1045, 1142, 1227];

impl Failure {
    /// The code of a refusal.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            Self::Unanswered(_) | Self::Unable(_) => None,
        }
    }

    pub(crate) fn into_fault(self) -> Fault {
        let fault = match self {
            Self::Unanswered(why) => Fault::transient(format!("mysql did not answer: {why}")).unanswered(),
            Self::Unable(why) => Fault::terminal(why),
            Self::Refused { code, message } => {
                let cause = format!("mysql refused: {code} {message}").trim_end().to_owned();
                let mut fault = Fault::terminal(cause);
                if PASSING.contains(&code) {
                    fault.kind = Kind::Transient;
                }
                if DENIED.contains(&code) {
                    fault = fault.hint(
                        "The login in the vault must be of an administrator who may create and drop databases and users, \
                         and grant what it has.",
                    );
                }
                fault
            }
        };
        fault.from_provider(SERVICE, None)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn refused(code: u16) -> Fault {
        Failure::Refused { code, message: "no".to_owned() }.into_fault()
    }

    #[rstest]
    #[case::too_many_connections(1040)]
    #[case::waited_for_a_lock(1205)]
    #[case::deadlocked(1213)]
    #[case::failing_over(1290)]
    fn what_passes_by_itself(#[case] code: u16) {
        assert_eq!(refused(code).kind, Kind::Transient);
    }

    #[test]
    fn what_does_not_pass() {
        assert_eq!(refused(1064).kind, Kind::Terminal);
        assert_eq!(refused(1227).kind, Kind::Terminal);
        assert!(refused(1227).hint.is_some());
    }

    #[test]
    fn no_answer_may_have_taken_effect() {
        let fault = Failure::Unanswered("reset".to_owned()).into_fault();
        assert_eq!((fault.kind, fault.unanswered), (Kind::Transient, true));
    }
}
