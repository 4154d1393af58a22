use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use serde_json::json;

use crate::life::{Done, What};
use crate::memory::Grown;

/// The states in which an operation has ended and can be told of.
const DEFINITE: [&str; 3] = ["succeeded", "failed", "stuck"];

/// What a soak came to.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) length: Duration,
    pub(crate) done: Vec<Done>,
    pub(crate) drift: Vec<String>,
    pub(crate) grown: Vec<Grown>,
}

impl Report {
    /// By what was done and how that ended: how often, and the longest, in seconds.
    fn ends(&self) -> BTreeMap<(What, bool, &str), (usize, f64)> {
        let mut ends = BTreeMap::new();
        for done in &self.done {
            let (times, longest): &mut (usize, f64) =
                ends.entry((done.what, done.faulty, done.end.as_str())).or_default();
            *times += 1;
            *longest = longest.max(done.took.as_secs_f64());
        }
        ends
    }

    pub(crate) fn print(&self) {
        println!("{:.1} minutes, {} operations", self.length.as_secs_f64() / 60.0, self.done.len());
        println!("{:<20} {:<8} {:<16} {:>6} {:>9}", "", "", "ended", "times", "longest");
        for ((what, faulty, end), (times, longest)) in self.ends() {
            let spoilt = if faulty { "spoilt" } else { "" };
            println!("{:<20} {spoilt:<8} {end:<16} {times:>6} {longest:>7.1} s", format!("{what:?}"));
        }
        println!("{:<36} {:>9} {:>12} {:>10}", "memory", "mean MB", "MB an hour", "gained MB");
        for grown in &self.grown {
            let (mean, slope, gained) = (grown.mean_mb, grown.slope_mb_an_hour, grown.gained_mb);
            let judged = if grown.is_judged() { "" } else { "  (apart)" };
            println!("{:<36} {mean:>9.1} {slope:>12.2} {gained:>10.2}{judged}", grown.name);
        }
        println!("{} adrift", self.drift.len());
    }

    /// `target/soak/report.json`, wherever Cargo's target folder is.
    pub(crate) fn write(&self) -> io::Result<()> {
        let binary = std::env::current_exe()?;
        let target = binary.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
        let folder = target.unwrap_or(Path::new("target")).join("soak");
        fs::create_dir_all(&folder)?;
        let ends = self.ends().into_iter().map(|((what, faulty, end), (times, longest))| {
            json!({ "act": format!("{what:?}"), "spoilt": faulty, "end": end, "times": times, "longest_s": longest })
        });
        let memory = self.grown.iter().map(|grown| {
            json!({
                "process": grown.name, "mean_mb": grown.mean_mb, "mb_an_hour": grown.slope_mb_an_hour,
                "gained_mb": grown.gained_mb, "judged": grown.is_judged(),
            })
        });
        let report = json!({
            "minutes": self.length.as_secs_f64() / 60.0, "operations": self.done.len(),
            "ends": ends.collect::<Vec<_>>(), "drift": self.drift, "memory": memory.collect::<Vec<_>>(),
            "problems": self.problems(),
        });
        let file = folder.join("report.json");
        fs::write(&file, format!("{report:#}\n"))?;
        println!("{}", file.display());
        Ok(())
    }

    /// What must not be.
    pub(crate) fn problems(&self) -> Vec<String> {
        let undecided = self.done.iter().filter(|done| !DEFINITE.contains(&done.end.as_str()));
        let undecided = undecided.map(|done| format!("{:?} ended {}", done.what, done.end));
        // What nothing was done to must succeed; a cancellation may come in time.
        let spoilt = |done: &&Done| done.faulty || matches!(done.what, What::SignUpAndCancel);
        let failed =
            self.done.iter().filter(|done| !spoilt(done) && ["failed", "stuck"].contains(&done.end.as_str()));
        let failed = failed.map(|done| format!("{:?} {} by itself", done.what, done.end));
        let too_much = self.grown.iter().filter(|grown| grown.is_too_much());
        let too_much = too_much.map(|grown| format!("{} gained {:.1} MB", grown.name, grown.gained_mb));
        undecided.chain(failed).chain(self.drift.iter().cloned()).chain(too_much).collect()
    }
}
