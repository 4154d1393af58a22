use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ::tests::Stack;
use serde_json::Value;

/// What the first part of a soak is for: workers start, and fill what they keep.
const WARM_UP: f64 = 0.25;

/// Where a process grows by more than both of a whole soak, memory is lost.
const GROWS_BY: f64 = 0.25;
const GROWS_BY_MB: f64 = 6.0;

/// Who is looked at, by name: `emulator`, `sandbox`, and each function. Of a function's workers the mean.
#[derive(Debug)]
pub(crate) struct Memory {
    deployment: String,
    servers: BTreeMap<&'static str, i64>,
    /// In megabytes, with the seconds since it began.
    looks: BTreeMap<String, Vec<(f64, f64)>>,
}

/// How somebody's memory went over a soak.
#[derive(Clone, Debug)]
pub(crate) struct Grown {
    pub(crate) name: String,
    pub(crate) mean_mb: f64,
    /// By the line through all looks after the warm-up.
    pub(crate) slope_mb_an_hour: f64,
    /// What that line gains between its ends.
    pub(crate) gained_mb: f64,
}

impl Grown {
    /// The emulator remembers everything, as it should: it is told, and not judged.
    pub(crate) fn is_judged(&self) -> bool {
        self.name != "emulator"
    }

    pub(crate) fn is_too_much(&self) -> bool {
        self.is_judged() && self.gained_mb > GROWS_BY_MB && self.gained_mb > GROWS_BY * self.mean_mb
    }
}

impl Memory {
    #[allow(clippy::disallowed_methods)] // Where the stack has written down what it started.
    pub(crate) fn of(stack: &Stack) -> Self {
        let outputs = PathBuf::from(std::env::var("TENANTRY_STACK_OUTPUTS").expect("a stack"));
        let record = std::fs::read(outputs.with_file_name("record.json")).expect("a stack's record");
        let record: Value = serde_json::from_slice(&record).expect("a stack's record");
        let pid = |name| Some((name, record[name]["pid"].as_i64()?));
        Self {
            deployment: stack.deployment.clone(),
            servers: ["emulator", "sandbox"].into_iter().filter_map(pid).collect(),
            looks: BTreeMap::new(),
        }
    }

    pub(crate) fn look(&mut self, at: Duration) {
        let mut found: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for (name, pid) in &self.servers {
            let process = Path::new("/proc").join(pid.to_string());
            found.entry((*name).to_owned()).or_default().extend(resident(&process));
        }
        for process in std::fs::read_dir("/proc").expect("processes").flatten() {
            let process = process.path();
            if let Some(name) = function(&process, &self.deployment) {
                found.entry(name).or_default().extend(resident(&process));
            }
        }
        for (name, sizes) in found.into_iter().filter(|(_, sizes)| !sizes.is_empty()) {
            let mean = sizes.iter().sum::<f64>() / sizes.len() as f64;
            self.looks.entry(name).or_default().push((at.as_secs_f64(), mean));
        }
    }

    pub(crate) fn grown(&self) -> Vec<Grown> {
        let last = self.looks.values().flatten().map(|(at, _)| *at).fold(0.0, f64::max);
        let grown = self.looks.iter().filter_map(|(name, looks)| {
            let looks: Vec<_> = looks.iter().filter(|(at, _)| *at >= last * WARM_UP).copied().collect();
            let (slope, mean) = line(&looks)?;
            let over = looks.last()?.0 - looks.first()?.0;
            let (slope_mb_an_hour, gained_mb) = (slope * 3600.0, slope * over);
            Some(Grown { name: name.clone(), mean_mb: mean, slope_mb_an_hour, gained_mb })
        });
        grown.collect()
    }
}

/// The slope of the line through points by least squares, and their mean height.
fn line(points: &[(f64, f64)]) -> Option<(f64, f64)> {
    let many = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / many, y + point.1 / many));
    let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let slope = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>() / spread;
    slope.is_finite().then_some((slope, y))
}

/// The function that a process serves, without its deployment.
fn function(process: &Path, deployment: &str) -> Option<String> {
    let environment = std::fs::read(process.join("environ")).ok()?;
    let wanted = format!("AWS_LAMBDA_FUNCTION_NAME={deployment}-");
    let mut variables =
        environment.split(|byte| *byte == 0).filter_map(|variable| str::from_utf8(variable).ok());
    variables.find_map(|variable| variable.strip_prefix(&wanted)).map(str::to_owned)
}

/// What a process holds, in megabytes; nothing of one that has just ended.
fn resident(process: &Path) -> Option<f64> {
    let status = std::fs::read_to_string(process.join("status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().split(' ').next()?.parse().ok()?;
    Some(kilobytes / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(name: &str, looks: impl Fn(f64) -> f64) -> Memory {
        let looks = (0..60).map(|minute| f64::from(minute) * 60.0).map(|at| (at, looks(at))).collect();
        let looks = BTreeMap::from([(name.to_owned(), looks)]);
        Memory { deployment: String::new(), servers: BTreeMap::new(), looks }
    }

    #[test]
    fn what_grows_is_too_much_unless_it_only_warms_up_or_is_the_emulator() {
        let leaks = |at: f64| 20.0 + at / 120.0;
        let [grown]: [Grown; 1] = memory("tenant-api", leaks).grown().try_into().expect("one");
        assert!((grown.slope_mb_an_hour - 30.0).abs() < 0.1, "{grown:?}");
        assert!(grown.is_too_much(), "{grown:?}");
        assert!(!memory("emulator", leaks).grown()[0].is_too_much());
        let warms = |at: f64| if at < 600.0 { 10.0 + at / 60.0 } else { 20.0 };
        assert!(!memory("tenant-api", warms).grown()[0].is_too_much());
    }
}
