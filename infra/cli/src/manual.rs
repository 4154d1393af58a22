use std::fs;
use std::io::stdout;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Subcommand};
use clap_complete::{Shell, generate};
use clap_mangen::{Man, generate_to};

use crate::{Cli, Outcome};

/// What this command says of itself, for other programs to show.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Prints what completes this command in a shell.
    Completions { shell: Shell },
    /// Prints the man page, or writes one for every command to a folder.
    Man { folder: Option<PathBuf> },
}

impl Command {
    pub(crate) fn run(self) -> Outcome {
        let mut tenantry = Cli::command();
        match self {
            Self::Completions { shell } => generate(shell, &mut tenantry, "tenantry", &mut stdout()),
            Self::Man { folder: None } => Man::new(tenantry).render(&mut stdout())?,
            Self::Man { folder: Some(folder) } => {
                fs::create_dir_all(&folder)?;
                generate_to(tenantry, folder)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
