//! Instructions that a program takes, counted by Valgrind: on a busy machine as on an idle one.

use std::{fs, io};

use serde_json::{Value, json};

use crate::program::Program;
use crate::run::Harness;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.json");

/// How many more tenants are served to see what one of them takes.
const WARM: u8 = 20;

/// Of one process, outside the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instructions {
    /// From its start to its first answer.
    pub start: u64,
    /// For one more tenant, as the mean of some.
    pub invocation: u64,
}

impl Instructions {
    /// As they are to be.
    pub fn written() -> io::Result<Self> {
        let written: Value = serde_json::from_slice(&fs::read(FILE)?)?;
        let of = |name: &str| {
            written[name].as_u64().ok_or_else(|| io::Error::other(format!("{FILE} has no {name}")))
        };
        Ok(Self { start: of("start")?, invocation: of("invocation")? })
    }

    pub fn write(self) -> io::Result<()> {
        let written = json!({ "start": self.start, "invocation": self.invocation });
        fs::write(FILE, format!("{written:#}\n"))
    }

    pub async fn of(program: &Program, harness: &Harness) -> io::Result<Self> {
        let start = count(program, harness, 1).await?;
        let invocation = count(program, harness, 1 + WARM).await?.saturating_sub(start) / u64::from(WARM);
        Ok(Self { start, invocation })
    }
}

/// Those of a process that serves so many tenants.
async fn count(program: &Program, harness: &Harness, tenants: u8) -> io::Result<u64> {
    let (counts, log) = (harness.folder().join("callgrind.out"), harness.folder().join("callgrind.log"));
    let counts_to = format!("--callgrind-out-file={}", counts.display());
    let log_to = format!("--log-file={}", log.display());
    let watched_by = ["valgrind", "--tool=callgrind", &counts_to, &log_to];
    harness.watched(program.command(&watched_by), tenants).await?;
    let counted = fs::read_to_string(&counts)?;
    let total = counted.lines().find_map(|line| line.strip_prefix("summary:")?.trim().parse().ok());
    total.ok_or_else(|| io::Error::other(format!("no summary in {}", counts.display())))
}
