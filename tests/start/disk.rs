//! What the cheapest lasting write costs, to compare with.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

/// How often it is tried.
const TIMES: usize = 101;

/// The median of what it takes to have a kilobyte on the disk that has a folder (`fdatasync(2)`).
pub fn sync(folder: &Path) -> io::Result<Duration> {
    let mut file = File::create(folder.join("sync"))?;
    let mut took = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        file.write_all(&[b'x'; 1024])?;
        let begun = Instant::now();
        file.sync_data()?;
        took.push(begun.elapsed());
    }
    took.sort();
    Ok(took[TIMES / 2])
}
