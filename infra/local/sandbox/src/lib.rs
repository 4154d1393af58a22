//! The provider sandbox of the local stack: the front door of the deployed API, the AWS its functions see, and the
//! clouds that cannot run here, all of which can be told to fail. Nothing in the product knows that it is there.

pub mod aws;
pub mod call;
pub mod clouds;
pub mod contract;
pub mod control;
pub mod dns;
pub mod fault;
pub mod front;
pub mod proxy;
pub mod refusal;
pub mod sky;
pub mod vault;
