use std::collections::BTreeMap;
use std::sync::Mutex;

use sandbox::clouds::RemoteSecrets;
use serde_json::json;

use super::{Memory, Reply, Request, Service, Thing, View, at, body, now, refusal, reply, target};
use crate::chaos::Act;

/// Secrets Manager.
#[derive(Debug, Default)]
pub struct Vault(Mutex<Memory<BTreeMap<String, Secret>>>);

#[derive(Clone, Debug)]
pub(super) struct Secret {
    value: String,
    owner: String,
}

/// As the cluster's External Secrets read it, which ask again by themselves until they have what they want.
impl RemoteSecrets for Vault {
    fn read(&self, name: &str) -> Option<String> {
        now(&self.0).now.get(name).map(|secret| secret.value.clone())
    }
}

impl Service for Vault {
    fn asked(&self, request: &Request) -> (String, Act) {
        let action = target(request);
        let act = match action {
            "DescribeSecret" | "GetSecretValue" | "ListSecrets" => Act::Read,
            "DeleteSecret" => Act::Delete,
            _ => Act::Write,
        };
        (format!("secrets-manager:{action}"), act)
    }

    fn answer(&self, request: &Request, view: View) -> Reply {
        let (asked, act) = (body(request), self.asked(request).1);
        let text = |part: &str| asked[part].as_str().unwrap_or_default().to_owned();
        let missing = || refusal(400, "ResourceNotFoundException");
        at(&self.0, view, act, |secrets| match target(request) {
            "DescribeSecret" => secrets.get(&text("SecretId")).map_or_else(missing, |secret| {
                let tags = json!([{ "Key": "tenantry:owner", "Value": secret.owner }]);
                reply(200, &json!({ "Name": text("SecretId"), "Tags": tags }))
            }),
            "GetSecretValue" => secrets.get(&text("SecretId")).map_or_else(missing, |secret| {
                reply(200, &json!({ "Name": text("SecretId"), "SecretString": secret.value }))
            }),
            "ListSecrets" => {
                let shown = |(name, secret): (&String, &Secret)| json!({ "Name": name, "Tags": [{ "Key": "tenantry:owner", "Value": secret.owner }] });
                reply(200, &json!({ "SecretList": secrets.iter().map(shown).collect::<Vec<_>>() }))
            }
            "CreateSecret" if secrets.contains_key(&text("Name")) => refusal(400, "ResourceExistsException"),
            "CreateSecret" => {
                let owner = asked["Tags"][0]["Value"].as_str().unwrap_or_default().to_owned();
                secrets.insert(text("Name"), Secret { value: text("SecretString"), owner });
                reply(200, &json!({ "Name": text("Name") }))
            }
            "DeleteSecret" => secrets
                .remove(&text("SecretId"))
                .map_or_else(missing, |_| reply(200, &json!({ "Name": text("SecretId") }))),
            _ => refusal(400, "UnknownOperationException"),
        })
    }

    fn things(&self) -> Vec<Thing> {
        let secrets = &now(&self.0).now;
        let thing = |(name, secret): (&String, &Secret)| Thing {
            field: "secret",
            name: name.clone(),
            owner: secret.owner.clone(),
        };
        secrets.iter().map(thing).collect()
    }

    fn plant(&self, thing: &Thing) {
        // Those of a cloud have no path.
        if thing.field == "secret" && thing.name.contains('/') {
            let secret = Secret { value: "theirs".to_owned(), owner: thing.owner.clone() };
            now(&self.0).now.insert(thing.name.clone(), secret);
        }
    }

    fn remove(&self, thing: &Thing) {
        if thing.field == "secret" {
            now(&self.0).now.remove(&thing.name);
        }
    }
}
