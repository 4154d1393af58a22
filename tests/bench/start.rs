//! How one of our functions starts, as it is deployed: beside the same step in other languages, and against what it may take.

use std::io;
use std::time::Duration;

use ::start::{Harness, Instructions, Program, Run, disk, size};

use crate::report::Report;

/// All go by turns, so that what slows the machine for a while slows them all; the median decides.
const ROUNDS: usize = 11;

/// So many tenants are served in each life.
const TENANTS: u8 = 50;

/// What a peer takes until then, ours may take this part of. After the first call more and more is waited for, by all alike.
const SPANS: [(&str, Span, [f64; 2]); 2] = [
    ("first TLS call", |run| run.first_tls, [1.0 / 15.0, 1.0 / 25.0]),
    ("first response", |run| run.first_response, [1.0 / 10.0, 1.0 / 10.0]),
];

type Span = fn(&Run) -> Duration;

/// In megabytes.
const MEMORY: f64 = 12.0;
const ARCHIVE: f64 = 3.0;

/// So much more than is written down is too many.
const INSTRUCTIONS: f64 = 1.02;

pub(crate) async fn measure(report: &mut Report) -> io::Result<()> {
    let folder = tempdir()?;
    let harness = Harness::new(&folder)?;
    let ours = Program::tenantry()?;
    let peers = Program::peers();
    let mut lives: [Vec<Run>; 3] = Default::default();
    // The first round has Python write what it has compiled.
    for round in 0..=ROUNDS {
        for (program, lives) in [&ours, &peers[0], &peers[1]].into_iter().zip(&mut lives) {
            let life = harness.run(program, TENANTS).await?;
            if round > 0 {
                lives.push(life);
            }
        }
    }
    let [ours_lives, theirs @ ..] = &lives;
    for (until, span, targets) in SPANS {
        for ((peer, lives), target) in peers.iter().zip(theirs).zip(targets) {
            let name = format!("{until}, beside {}", peer.name);
            let peer = (peer.name.to_owned(), milliseconds(lives, span));
            report.compare(name, milliseconds(ours_lives, span), "ms", peer, target);
        }
    }
    for (peer, lives) in peers.iter().zip(theirs) {
        let name = format!("memory, beside {}", peer.name);
        report.compare(name, megabytes(ours_lives), "MB", (peer.name.to_owned(), megabytes(lives)), 1.0);
    }
    let budget = |value: f64| ("budget".to_owned(), value);
    report.compare("memory".to_owned(), megabytes(ours_lives), "MB", budget(MEMORY), 1.0);
    let archive = as_f64(size::zipped(ours.executable())?) / 1e6;
    report.compare("archive".to_owned(), archive, "MB", budget(ARCHIVE), 1.0);
    let own_time = milliseconds(ours_lives, |run| run.own_time) * 1e3;
    let sync = ("fdatasync".to_owned(), disk::sync(&folder)?.as_secs_f64() * 1e6);
    report.compare("own time of a call".to_owned(), own_time, "µs", sync, 1.0);

    let (counted, written) = (Instructions::of(&ours, &harness).await?, Instructions::written()?);
    let rows = [
        ("instructions to the first response", counted.start, written.start),
        ("instructions of one more call", counted.invocation, written.invocation),
    ];
    for (name, counted, written) in rows {
        let written = ("written down".to_owned(), as_f64(written) / 1e6);
        report.compare(name.to_owned(), as_f64(counted) / 1e6, "M", written, INSTRUCTIONS);
    }
    std::fs::remove_dir_all(folder)
}

/// On the disk that has the target folder.
fn tempdir() -> io::Result<std::path::PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.with_file_name(format!("start-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn milliseconds(lives: &[Run], span: Span) -> f64 {
    median(lives.iter().map(|life| span(life).as_secs_f64() * 1e3))
}

fn megabytes(lives: &[Run]) -> f64 {
    median(lives.iter().map(|life| as_f64(life.peak_memory) / 1e6))
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[allow(clippy::cast_precision_loss)] // Figures of this size are exact.
fn as_f64(value: u64) -> f64 {
    value as f64
}
