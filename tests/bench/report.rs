//! What was measured, for people and for machines.

use std::path::Path;
use std::{fs, io};

use serde_json::{Value, json};

#[derive(Debug, Default)]
pub(crate) struct Report {
    of: &'static str,
    rows: Vec<Row>,
}

/// One value.
#[derive(Debug)]
struct Row {
    /// What `ROWS` calls those that were measured together.
    of: &'static str,
    name: String,
    value: f64,
    unit: &'static str,
    held: Option<Held>,
}

/// What a value is held against.
#[derive(Debug)]
struct Held {
    peer: String,
    peer_value: f64,
    /// The ratio of the two may be so high.
    target: f64,
}

impl Report {
    /// What is measured from now on is of these.
    pub(crate) fn begin(&mut self, of: &'static str) -> &mut Self {
        self.of = of;
        self
    }

    /// A value, and what it may be of a peer's that was measured in the same run.
    pub(crate) fn compare(
        &mut self,
        name: String,
        value: f64,
        unit: &'static str,
        (peer, peer_value): (String, f64),
        target: f64,
    ) {
        self.rows.push(Row { of: self.of, name, value, unit, held: Some(Held { peer, peer_value, target }) });
    }

    /// A value, and how much it may be.
    pub(crate) fn limit(&mut self, name: String, value: f64, unit: &'static str, limit: f64) {
        self.compare(name, value, unit, ("limit".to_owned(), limit), 1.0);
    }

    /// A value that is shown beside the others, and may be what it is.
    pub(crate) fn tell(&mut self, name: String, value: f64, unit: &'static str) {
        self.rows.push(Row { of: self.of, name, value, unit, held: None });
    }

    pub(crate) fn print(&self) {
        let width = self.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or_default();
        println!("{:<width$} {:>10} {:<6} {:>10}  ratio  target", "", "value", "", "peer");
        for Row { name, value, unit, held, .. } in &self.rows {
            let shown = format!("{name:<width$} {} {unit:<6}", figure(*value));
            match held {
                None => println!("{}", shown.trim_end()),
                Some(held) => {
                    let (peer, ratio) = (figure(held.peer_value), value / held.peer_value);
                    let met = if held.is_met(*value) { "" } else { "  MISSED" };
                    println!("{shown} {peer}  {ratio:>5.2}  {:>6.2}{met}", held.target);
                }
            }
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
    /// Of what is held against nothing, the rest is null.
    fn json(&self) -> Value {
        let held = self.held.as_ref();
        json!({
            "rows": self.of, "name": self.name, "value": self.value, "unit": self.unit,
            "peer": held.map(|held| &held.peer), "peer_value": held.map(|held| held.peer_value),
            "ratio": held.map(|held| self.value / held.peer_value), "target": held.map(|held| held.target),
            "met": held.map(|held| held.is_met(self.value)),
        })
    }
}

impl Held {
    fn is_met(&self, value: f64) -> bool {
        value / self.peer_value <= self.target
    }
}

/// In the width of a column; what is below one with more places.
fn figure(value: f64) -> String {
    if value != 0.0 && value.abs() < 1.0 { format!("{value:>10.5}") } else { format!("{value:>10.1}") }
}

/// The value that so many in a hundred do not exceed (nearest rank).
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)] // Few, and all positive.
pub(crate) fn quantile(values: &[f64], percent: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).or(sorted.last()).copied().unwrap_or(f64::NAN)
}
