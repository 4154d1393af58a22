//! When something is due that has a schedule of six fields: second, minute, hour, day of the month, month, day of the week.
//! <https://pkg.go.dev/github.com/robfig/cron>
//!
//! Deliberately absent: names of months and days, `@daily` and its like, time zones.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// A schedule that has no day within four years has none.
const DAYS: usize = 4 * 366;

/// The values that each field may have.
#[derive(Debug)]
pub(super) struct Schedule {
    seconds: Vec<i8>,
    minutes: Vec<i8>,
    hours: Vec<i8>,
    days: Field,
    months: Vec<i8>,
    weekdays: Field,
}

#[derive(Debug)]
struct Field {
    values: Vec<i8>,
    /// Whether it says `*`: of the two fields that name days, one that does not narrow down is no choice.
    any: bool,
}

impl Schedule {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [seconds, minutes, hours, days, months, weekdays] = fields[..] else {
            return Err(format!("expected exactly 6 fields, found {}: {fields:?}", fields.len()));
        };
        let whole = |text: &str, least, most| {
            field(text, least, most).map(|values| Field { values, any: text == "*" })
        };
        Ok(Self {
            seconds: field(seconds, 0, 59)?,
            minutes: field(minutes, 0, 59)?,
            hours: field(hours, 0, 23)?,
            days: whole(days, 1, 31)?,
            months: field(months, 1, 12)?,
            weekdays: whole(weekdays, 0, 6)?,
        })
    }

    /// The first moment after that one.
    pub(super) fn after(&self, at: Timestamp) -> Option<Timestamp> {
        let from = TimeZone::UTC.to_datetime(at);
        let mut date = from.date();
        for _ in 0..DAYS {
            if self.is_on(date)
                && let Some(found) = self.times(date).find(|found| *found > from)
            {
                return TimeZone::UTC.to_timestamp(found).ok();
            }
            date = date.checked_add(1.day()).ok()?;
        }
        None
    }

    fn is_on(&self, date: Date) -> bool {
        let day = self.days.values.contains(&date.day());
        let weekday = self.weekdays.values.contains(&date.weekday().to_sunday_zero_offset());
        // Two choices of days are one or the other.
        let chosen = if self.days.any || self.weekdays.any { day && weekday } else { day || weekday };
        chosen && self.months.contains(&date.month())
    }

    fn times(&self, date: Date) -> impl Iterator<Item = DateTime> + '_ {
        let hours = self.hours.iter();
        let minutes = hours.flat_map(|hour| self.minutes.iter().map(move |minute| (*hour, *minute)));
        let seconds =
            minutes.flat_map(|(hour, minute)| self.seconds.iter().map(move |second| (hour, minute, *second)));
        seconds.map(move |(hour, minute, second)| date.at(hour, minute, second, 0))
    }
}

/// `*`, `5`, `1-5`, `*/10`, `1,2,3`.
fn field(text: &str, least: i8, most: i8) -> Result<Vec<i8>, String> {
    let number = |text: &str| text.parse::<i8>().map_err(|_| format!("failed to parse int from {text}"));
    let mut values = Vec::new();
    for part in text.split(',') {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let step = usize::try_from(number(step)?).ok().filter(|step| *step > 0);
        let step = step.ok_or_else(|| format!("step of range should be a positive number: {part}"))?;
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((from, to)) => (number(from)?, number(to)?),
            None if part.contains('/') => (number(range)?, most),
            None => (number(range)?, number(range)?),
        };
        if from < least {
            return Err(format!("beginning of range ({from}) below minimum ({least}): {part}"));
        }
        if to > most {
            return Err(format!("end of range ({to}) above maximum ({most}): {part}"));
        }
        values.extend((from..=to).step_by(step));
    }
    values.sort_unstable();
    values.dedup();
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_moment_is_the_first_that_all_fields_let_be() {
        for (schedule, next) in [
            ("0 0 2 * * *", "2026-11-22T02:00:00Z"),
            ("0 30 12 * * *", "2026-11-21T12:30:00Z"),
            ("0 */15 * * * *", "2026-11-21T12:15:00Z"),
            ("0 0 0 1 * *", "2026-12-01T00:00:00Z"),
            ("0 0 0 * * 1", "2026-11-23T00:00:00Z"),
            ("0 0 0 25 * 1", "2026-11-23T00:00:00Z"),
            ("30 0 4 29 2 *", "2028-02-29T04:00:30Z"),
        ] {
            let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
            let found = Schedule::read(schedule).unwrap().after(now);
            assert_eq!(found, Some(next.parse().unwrap()), "{schedule}");
        }
        assert_eq!(Schedule::read("0 0 0 31 2 *").unwrap().after(Timestamp::UNIX_EPOCH), None);
    }

    #[test]
    fn five_fields_are_one_too_few() {
        assert!(Schedule::read("0 2 * * *").unwrap_err().contains("expected exactly 6 fields, found 5"));
        assert!(Schedule::read("0 0 24 * * *").unwrap_err().contains("above maximum"));
        assert!(Schedule::read("0 0 */0 * * *").is_err() && Schedule::read("0 0 two * * *").is_err());
    }
}
