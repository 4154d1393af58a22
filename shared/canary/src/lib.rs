//! What sees a synthetic tenant through its life, from outside: the API of the platform, called over the network as a
//! customer's system would, and a stranger's look at where a tenant answers. Nothing here reads a table.

mod platform;
mod stranger;
mod token;

pub use platform::{Deletion, Named, Platform, SignUp, SignedUp, Tenant};
pub use stranger::visit;
pub use token::Credentials;

#[cfg(test)]
mod tests;
