use std::str::FromStr;

use fault::Fault;

/// A setting that is a whole number. Plans and blueprints give every setting as text.
pub fn whole_number<T: FromStr>(name: &str, given: &str) -> Result<T, Fault> {
    given.parse().map_err(|_| {
        Fault::terminal(format!("the setting {name} is '{given}'"))
            .hint("A whole number, in plan or blueprint.")
    })
}
