//! What the interpreter does with each machine, to be read: `GOLDEN=1` writes it anew, the diff is the decision.

use crate::bench::{folder, machines, transcript};
use crate::line::whole;

#[test]
fn every_machine_comes_through_what_is_written_beside_it() {
    let machines = machines();
    let mut differ = Vec::new();
    for name in machines.keys() {
        let (path, came) = (folder().join(format!("{name}.txt")), whole(&transcript(name, &machines)));
        if rewrite() {
            std::fs::write(&path, &came).expect("a transcript");
        }
        if std::fs::read_to_string(&path).ok().as_ref() != Some(&came) {
            differ.push(format!("{}\n{came}", path.display()));
        }
    }
    assert!(differ.is_empty(), "GOLDEN=1 would write:\n{}", differ.join("\n"));
}

#[allow(clippy::disallowed_methods)] // An option of the tests.
pub(crate) fn rewrite() -> bool {
    std::env::var("GOLDEN").is_ok()
}
