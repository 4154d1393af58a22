use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

/// How a deployment counts the days of grace, and when it tells the owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// How long a day of grace is, in seconds: 86,400 but where nobody can wait so long.
    pub day_seconds: u32,
    /// How many days before the end the owner is told.
    pub notices: Vec<u16>,
}

impl Calendar {
    /// From `86400` and `14,3,1`.
    ///
    /// # Errors
    /// What is no number, and a day that takes no time.
    pub fn parse(day_seconds: &str, notices: &str) -> Result<Self, String> {
        let day = day_seconds.parse().ok().filter(|seconds| *seconds > 0);
        let day_seconds = day.ok_or_else(|| format!("'{day_seconds}' is no number of seconds"))?;
        let days = notices.split(',').map(str::trim).filter(|days| !days.is_empty());
        let notices = days.map(|days| days.parse().map_err(|_| format!("'{days}' is no number of days")));
        Ok(Self { day_seconds, notices: notices.collect::<Result<_, _>>()? })
    }

    #[must_use]
    pub fn after(&self, now: Timestamp, days: u16) -> Timestamp {
        now + (i64::from(days) * i64::from(self.day_seconds)).seconds()
    }

    /// Or at once, where a day is no hour long.
    #[must_use]
    pub fn quarter_of_an_hour_after(&self, now: Timestamp) -> Timestamp {
        now + (i64::from(self.day_seconds) / 96).max(1).seconds()
    }

    fn before(&self, end: Timestamp, days: u16) -> Timestamp {
        end - (i64::from(days) * i64::from(self.day_seconds)).seconds()
    }

    /// A part of a day that grows with every try, up to the whole.
    fn pause(&self, tries: u32) -> i64 {
        let day = i64::from(self.day_seconds);
        (day / 24).max(1).saturating_mul(1 << tries.saturating_sub(1).min(5)).min(day)
    }
}

/// How far the operation has come that sees a tenant out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Offboarding {
    /// Until when the tenant can be restored.
    pub until: Timestamp,
    /// When its execution looks again: one that has not by then has stalled.
    pub wakes_at: Timestamp,
    /// How many days before the end the owner was told last. More than there are: when it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<u16>,
    /// How often something could not be backed up.
    #[serde(default)]
    pub tries: u32,
    /// When that is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub try_at: Option<Timestamp>,
    /// What is kept of the tenant. From then on it is taken away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<Archive>,
}

/// What is to be done about a tenant that leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// The owner is told, as so many days before the end.
    Notice(u16),
    Wait(Timestamp),
    BackUp,
    TearDown,
}

impl Offboarding {
    #[must_use]
    pub fn new(until: Timestamp, now: Timestamp) -> Self {
        Self { until, wakes_at: now, told: None, tries: 0, try_at: None, archive: None }
    }

    /// What is due. Looked at once a day at least: a year of grace is some 400 looks.
    #[must_use]
    pub fn due(&self, held: bool, calendar: &Calendar, now: Timestamp) -> Due {
        let tomorrow = calendar.after(now, 1);
        if self.archive.is_some() {
            return Due::TearDown;
        }
        if now >= self.until {
            return match self.try_at.filter(|at| *at > now) {
                Some(at) => Due::Wait(at.min(tomorrow)),
                None if held => Due::Wait(tomorrow),
                None => Due::BackUp,
            };
        }
        let comes = |days: &&u16| calendar.before(self.until, **days) > now;
        let (later, past): (Vec<&u16>, Vec<&u16>) = calendar.notices.iter().partition(comes);
        let last = past.into_iter().min().copied().unwrap_or(u16::MAX);
        if self.told.is_none_or(|told| last < told) {
            return Due::Notice(last);
        }
        let next = later.into_iter().map(|days| calendar.before(self.until, *days));
        Due::Wait(next.chain([self.until, tomorrow]).min().unwrap_or(tomorrow))
    }

    /// Puts off what could not be backed up.
    pub fn put_off(&mut self, calendar: &Calendar, now: Timestamp) {
        self.tries += 1;
        self.try_at = Some(now + calendar.pause(self.tries).seconds());
    }
}

/// What is kept of a tenant that is gone: objects below one prefix, and a manifest of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Archive {
    pub bucket: String,
    /// The key of the manifest.
    pub manifest: String,
    /// The manifest's SHA-256, in hex.
    pub sha256: String,
    pub objects: usize,
    pub bytes: u64,
    pub kept_until: Timestamp,
    /// What is not in it, though it was there, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<Without>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Without {
    pub step: String,
    pub why: String,
}

/// That a tenant is gone, to be signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Certificate {
    /// Which deployment says so.
    pub issuer: String,
    pub tenant: crate::TenantId,
    pub name: String,
    pub operation: crate::OperationId,
    pub issued_at: Timestamp,
    /// What was destroyed, the first to go first.
    pub destroyed: Vec<Absence>,
    pub archive: Archive,
}

/// That something is not there any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Absence {
    pub step: String,
    /// What it was found by.
    pub handle: serde_json::Value,
    /// When its provider was seen to hold it no more; or, where `by_word`, when an operator said so.
    pub observed_at: Timestamp,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_word: bool,
}

/// What keeps a tenant from being taken away: who wants that, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Hold {
    pub who: String,
    pub why: String,
    pub since: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Timestamp {
        time.parse().expect("a time")
    }

    fn calendar() -> Calendar {
        Calendar::parse("86400", "14,3,1").expect("a calendar")
    }

    /// Does all that is due from then on, and says when the owner was told of how many days, how often it was looked,
    /// and when the tenant was to be backed up.
    fn lived(from: &str, days: u16) -> (Vec<(String, u16)>, usize, Timestamp) {
        let (calendar, mut now) = (calendar(), at(from));
        let mut offboarding = Offboarding::new(calendar.after(now, days), now);
        let (mut told, mut looks) = (Vec::new(), 0);
        loop {
            looks += 1;
            match offboarding.due(false, &calendar, now) {
                Due::Notice(days) => {
                    told.push((now.to_string(), days));
                    offboarding.told = Some(days);
                }
                Due::Wait(until) => {
                    assert!(until > now, "waits for what is past");
                    now = until;
                }
                Due::BackUp => return (told, looks, now),
                Due::TearDown => panic!("nothing is kept of it"),
            }
        }
    }

    #[test]
    fn the_owner_is_told_when_it_begins_and_as_the_calendar_says() {
        let (told, _, end) = lived("2026-01-01T12:00:00Z", 30);
        let told: Vec<(&str, u16)> = told.iter().map(|(at, days)| (at.as_str(), *days)).collect();
        assert_eq!(
            told,
            [
                ("2026-01-01T12:00:00Z", u16::MAX),
                ("2026-01-17T12:00:00Z", 14),
                ("2026-01-28T12:00:00Z", 3),
                ("2026-01-30T12:00:00Z", 1),
            ]
        );
        assert_eq!(end, at("2026-01-31T12:00:00Z"));
    }

    #[test]
    fn of_notices_that_are_past_when_it_begins_the_last_is_given() {
        let (told, _, _) = lived("2026-01-01T12:00:00Z", 2);
        let days: Vec<u16> = told.into_iter().map(|(_, days)| days).collect();
        assert_eq!(days, [3, 1]);
    }

    /// A day is 24 hours, whatever clocks and calendars do.
    #[test]
    fn a_leap_day_and_a_change_of_clocks_count_as_any_day() {
        let (_, _, end) = lived("2028-02-15T00:30:00Z", 30);
        assert_eq!(end, at("2028-03-16T00:30:00Z"), "over 29 February");
        let (_, _, end) = lived("2026-03-20T00:30:00Z", 30);
        assert_eq!(end, at("2026-04-19T00:30:00Z"), "over Europe's change of clocks");
    }

    /// A look is nine events of a history that may have 25,000.
    #[test]
    fn a_year_of_grace_is_a_few_hundred_looks() {
        let (_, looks, _) = lived("2026-01-01T12:00:00Z", 365);
        assert!((365..400).contains(&looks), "{looks}");
    }

    #[test]
    fn a_hold_stops_what_comes_after_the_notices() {
        let (calendar, now) = (calendar(), at("2026-01-01T12:00:00Z"));
        let over = Offboarding { told: Some(1), ..Offboarding::new(now, now) };
        assert_eq!(over.due(false, &calendar, now), Due::BackUp);
        assert_eq!(over.due(true, &calendar, now), Due::Wait(at("2026-01-02T12:00:00Z")));
    }

    #[test]
    fn what_could_not_be_backed_up_is_tried_again_ever_more_seldom() {
        let (calendar, now) = (calendar(), at("2026-01-01T12:00:00Z"));
        let mut blocked = Offboarding::new(now, now);
        let mut pauses = Vec::new();
        for _ in 0..7 {
            blocked.put_off(&calendar, now);
            let Due::Wait(until) = blocked.due(false, &calendar, now) else { panic!("{blocked:?}") };
            pauses.push(until.duration_since(now).as_hours());
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 24, 24]);
    }

    #[test]
    fn a_calendar_that_cannot_be_read_says_why() {
        assert_eq!(Calendar::parse("0", "1").expect_err("no time"), "'0' is no number of seconds");
        assert_eq!(Calendar::parse("5", "1,soon").expect_err("a word"), "'soon' is no number of days");
        assert_eq!(Calendar::parse("5", "").expect("none").notices, Vec::<u16>::new());
    }
}
