//! What an API's own OpenAPI document says about a request and an answer; for tests.
//!
//! A [`Script`] answers in the network's place what a test says, one answer for each request. Requests that the
//! document does not allow, and answers that it does not describe, end the test: so neither what we send nor what we
//! suppose to get is made up. The documents are those of `tests/contract/specs`, with their origin.

mod closed;
mod document;
mod script;

pub use closed::Closed;
pub use document::Document;
pub use script::{Asked, Script};
