//! What Linux says of a process.

use std::time::Duration;
use std::{fs, io};

use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

/// For how long all its threads together have been on a processor.
pub(crate) fn computed(process: u32) -> io::Result<Duration> {
    Ok(clock_gettime(clock_getcpuclockid(id(process)?)?)?.into())
}

/// The most memory it has had, in bytes (`VmHWM` of proc(5)).
pub(crate) fn peak_memory(process: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"));
    let kilobytes: Option<u64> = line.and_then(|said| said.trim().parse().ok());
    kilobytes.map(|kilobytes| kilobytes * 1024).ok_or_else(|| io::Error::other("no VmHWM"))
}

pub(crate) fn id(process: u32) -> io::Result<Pid> {
    i32::try_from(process).map(Pid::from_raw).map_err(io::Error::other)
}
