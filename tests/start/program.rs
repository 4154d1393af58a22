//! The step, in each language it is written in.

#![allow(clippy::disallowed_methods)] // Programs are what is measured here.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Ours: its package and binary.
const PACKAGE: &str = "websites-register-website";

/// A program that serves the step.
#[derive(Clone, Debug)]
pub struct Program {
    pub name: &'static str,
    executable: PathBuf,
    arguments: Vec<String>,
    /// Where it is started.
    folder: PathBuf,
}

impl Program {
    /// Ours, as it is deployed: `cargo build --release` has been there.
    pub fn tenantry() -> io::Result<Self> {
        let own = std::env::current_exe()?;
        let target = own.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
        let target = target.ok_or_else(|| io::Error::other("this runs from no target folder"))?;
        let executable = target.join("release").join(PACKAGE);
        if !executable.exists() {
            return Err(io::Error::other(format!(
                "build it first: cargo build --release --package {PACKAGE}"
            )));
        }
        Ok(Self { name: "tenantry", executable, arguments: Vec::new(), folder: target.to_owned() })
    }

    /// The others: `make` has been there. Not there is Go, which would take a toolchain of its own.
    #[must_use]
    pub fn peers() -> [Self; 2] {
        let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
        let node = Self {
            name: "node",
            executable: "node".into(),
            arguments: vec!["dist/index.cjs".to_owned()],
            folder: peers.join("node"),
        };
        let python = Self {
            name: "python",
            executable: peers.join("python/venv/bin/python"),
            arguments: ["-m", "awslambdaric", "handler.handle"].map(str::to_owned).to_vec(),
            folder: peers.join("python"),
        };
        [node, python]
    }

    #[must_use]
    pub fn executable(&self) -> &Path {
        &self.executable
    }

    /// Under a program that watches it, if there is one.
    pub(crate) fn command(&self, watched_by: &[&str]) -> Command {
        let mut words = watched_by.iter().map(PathBuf::from).chain([self.executable.clone()]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).args(&self.arguments).current_dir(&self.folder).env_clear();
        if let Ok(path) = std::env::var("PATH") {
            command.env("PATH", path);
        }
        command
    }
}
