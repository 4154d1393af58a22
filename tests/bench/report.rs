//! What was measured, for people and for machines.

use std::path::Path;
use std::{fs, io};

use serde_json::{Value, json};

#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

/// One value, held against its peer.
#[derive(Debug)]
struct Row {
    name: String,
    value: f64,
    unit: &'static str,
    peer: String,
    peer_value: f64,
    /// The ratio of the two may be so high.
    target: f64,
}

impl Report {
    pub(crate) fn compare(
        &mut self,
        name: String,
        value: f64,
        unit: &'static str,
        (peer, peer_value): (String, f64),
        target: f64,
    ) {
        self.rows.push(Row { name, value, unit, peer, peer_value, target });
    }

    pub(crate) fn print(&self) {
        println!("{:<44} {:>10} {:<5} {:>10}  ratio  target", "", "value", "", "peer");
        for row in &self.rows {
            let (name, value, unit, peer) = (&row.name, row.value, row.unit, row.peer_value);
            let met = if row.met() { "" } else { "  MISSED" };
            println!(
                "{name:<44} {value:>10.1} {unit:<5} {peer:>10.1}  {:>5.2}  {:>6.2}{met}",
                row.ratio(),
                row.target
            );
        }
    }

    /// `target/bench/report.json`, wherever Cargo's target folder is.
    pub(crate) fn write(&self) -> io::Result<()> {
        let binary = std::env::current_exe()?;
        let target = binary.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
        let folder = target.unwrap_or(Path::new("target")).join("bench");
        fs::create_dir_all(&folder)?;
        let rows: Vec<Value> = self.rows.iter().map(Row::json).collect();
        let file = folder.join("report.json");
        fs::write(&file, format!("{:#}\n", Value::Array(rows)))?;
        println!("{}", file.display());
        Ok(())
    }
}

impl Row {
    fn ratio(&self) -> f64 {
        self.value / self.peer_value
    }

    fn met(&self) -> bool {
        self.ratio() <= self.target
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name, "value": self.value, "unit": self.unit, "peer": self.peer,
            "peer_value": self.peer_value, "ratio": self.ratio(), "target": self.target, "met": self.met(),
        })
    }
}
