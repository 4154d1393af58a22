//! Plans, themes and blueprints as files in TOML, and as the API has them in JSON: what can be read is written and read the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};
use tenancy::{Blueprint, Plan, SignupRequest, Theme};

fuzz_target!(|text: &str| {
    comes_back::<Plan>(text);
    comes_back::<Theme>(text);
    comes_back::<Blueprint>(text);
    let _ = serde_json::from_str::<SignupRequest>(text);
});

fn comes_back<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(text: &str) {
    for read in [toml::from_str::<T>(text).ok(), serde_json::from_str::<T>(text).ok()].into_iter().flatten() {
        let json = serde_json::to_string(&read).expect("JSON");
        assert_eq!(serde_json::from_str::<T>(&json).expect("what we wrote"), read);
    }
}
