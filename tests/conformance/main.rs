//! The repository agrees with itself: names, machines, templates and crates say the same, and what was forgotten is
//! named. Reads files and touches nothing else.

mod alarms;
mod catalogue;
mod dependencies;
mod events;
mod expressions;
mod logs;
mod machines;
mod metrics;
mod names;
mod repo;
mod retries;
mod secrets;
mod template;
mod text;
mod waits;
