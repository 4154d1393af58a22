use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;

use etcetera::{BaseStrategy, choose_base_strategy};
use reqwest::Url;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::failure::Failure;

/// What the configuration says of a deployment. A secret has no place here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    #[serde(default, deserialize_with = "url")]
    pub(crate) api: Option<Url>,
    #[serde(default, deserialize_with = "url")]
    pub(crate) console: Option<Url>,
    #[serde(default, deserialize_with = "url")]
    pub(crate) token_url: Option<Url>,
    pub(crate) client_id: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) catalogue_table: Option<String>,
}

fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    String::deserialize(deserializer)?.parse().map(Some).map_err(D::Error::custom)
}

/// The one that is meant, if none is named. It need not exist.
const DEFAULT: &str = "default";

impl Profile {
    /// Of the file `tenantry/config.toml` in the platform's folder for configurations.
    pub(crate) fn read(name: Option<&str>) -> Result<Self, Failure> {
        let folder = choose_base_strategy().map_err(|e| Failure::usage(e.to_string()))?.config_dir();
        let file = folder.join("tenantry").join("config.toml");
        let text = match fs::read_to_string(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            read => read.map_err(|e| Failure::usage(format!("{}: {e}", file.display())))?,
        };
        Self::named(name.filter(|name| !name.is_empty()), &text)
            .map_err(|why| Failure::usage(format!("{}: {why}", file.display())))
    }

    fn named(name: Option<&str>, text: &str) -> Result<Self, String> {
        let mut profiles: BTreeMap<String, Self> = toml::from_str(text).map_err(|e| e.to_string())?;
        match (profiles.remove(name.unwrap_or(DEFAULT)), name) {
            (Some(profile), _) => Ok(profile),
            (None, None) => Ok(Self::default()),
            (None, Some(name)) => {
                let known: Vec<String> = profiles.into_keys().collect();
                Err(format!("has no profile '{name}'; those it has: {}", known.join(", ")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        [local]
        api = "http://127.0.0.1:4571"
        [production]
        api = "https://api.example.com"
        region = "eu-central-1"
    "#;

    #[test]
    fn a_profile_is_found_by_its_name() {
        let production = Profile::named(Some("production"), FILE).expect("a profile");
        assert_eq!(production.region.as_deref(), Some("eu-central-1"));
        assert_eq!(Profile::named(None, FILE), Ok(Profile::default()));
        let default = Profile::named(None, &FILE.replace("local", "default")).expect("a profile");
        assert_eq!(default.api.map(String::from).as_deref(), Some("http://127.0.0.1:4571/"));
    }

    #[test]
    fn a_mistake_in_the_configuration_is_named() {
        let unknown = Profile::named(Some("staging"), FILE).expect_err("no such profile");
        assert_eq!(unknown, "has no profile 'staging'; those it has: local, production");
        let secret = Profile::named(None, "[local]\nclient_secret = 'x'").expect_err("no secrets here");
        assert!(secret.contains("unknown field `client_secret`"), "{secret}");
    }
}
