//! Holds the instructions that a step takes against `instructions.json`. `GOLDEN=1` writes that anew; the diff is the decision.

#![allow(clippy::print_stdout, clippy::disallowed_methods)] // A tool, told by the environment whether to write, and read where it was started.

use std::error::Error;
use std::process::ExitCode;
use std::{env, fs};

use start::{Harness, Instructions, Program};

/// So much more than is written there is a failure.
const TOLERANCE: f64 = 0.02;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let harness = Harness::new(&env::temp_dir().join(format!("tenantry-start-{}", std::process::id())))?;
    let counted = Instructions::of(&Program::tenantry()?, &harness).await?;
    fs::remove_dir_all(harness.folder())?;
    if env::var_os("GOLDEN").is_some() {
        counted.write()?;
    }
    let written = Instructions::written()?;
    let rows = [
        ("start to first response", counted.start, written.start),
        ("one more invocation", counted.invocation, written.invocation),
    ];
    let mut code = ExitCode::SUCCESS;
    for (name, counted, written) in rows {
        #[allow(clippy::cast_precision_loss)] // Percents of millions.
        let more = counted as f64 / written as f64 - 1.0;
        let verdict = if more > TOLERANCE { "  TOO MANY" } else { "" };
        println!("{name:<24} {counted:>11} instructions, {:>+6.2} % of {written}{verdict}", more * 100.0);
        if more > TOLERANCE {
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}
