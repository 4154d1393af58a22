//! Amounts of a cluster's goods: no sum of what is accepted overflows, and it reads back.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tenancy::Quantity;

fuzz_target!(|text: &str| {
    let Ok(quantity) = text.parse::<Quantity>() else { return };
    assert_eq!(quantity.to_string(), text);
    let total = Quantity::total([(1, &quantity)]);
    assert_eq!(total, quantity);
    // A plan counts replicas by the thousand, and its parts are few.
    let _ = Quantity::total([(u32::MAX, &quantity), (u32::MAX, &quantity)]);
});
