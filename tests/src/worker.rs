use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Kills every process that serves a function, as a crash would: `kill -9`, no chance to tidy up. Gives how many.
#[must_use]
pub fn kill_workers(function: &str) -> usize {
    let wanted = format!("AWS_LAMBDA_FUNCTION_NAME={function}");
    let mut killed = 0;
    for process in std::fs::read_dir("/proc").expect("processes").flatten() {
        let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
        let serves = environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes());
        if let Some(pid) = pid(&process.path()).filter(|_| serves) {
            killed += usize::from(kill(Pid::from_raw(pid), Signal::SIGKILL).is_ok());
        }
    }
    killed
}

fn pid(process: &Path) -> Option<i32> {
    process.file_name()?.to_str()?.parse().ok()
}
