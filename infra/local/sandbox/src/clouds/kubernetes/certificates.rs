//! cert-manager: a Certificate becomes a secret, some seconds later, and names itself on it. Two that want the same
//! secret take it from each other for ever, each saying of the other's that it is not its own.
//! <https://cert-manager.io/docs/reference/api-docs/>
//!
//! Deliberately absent: requests, orders and challenges as objects, renewal, and whether the names lead here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::store::Key;
use super::{Kubernetes, kinds};
use crate::clouds::pace::{CERT_MANAGER_ISSUE, CERT_MANAGER_QUARREL, Moment};

const CERTIFICATES: &str = "certificates.cert-manager.io";
const NAME: &str = "cert-manager.io/certificate-name";

impl Kubernetes {
    pub(super) fn certificates(&mut self, moment: Moment) {
        for key in self.here(CERTIFICATES) {
            let Some(certificate) = self.store.get(&key).filter(|it| !it.is_going()) else { continue };
            let value = certificate.value.clone();
            let began = certificate.since("made").unwrap_or(moment.now);
            let issued = self.known_issuer(&value) && self.is_done(moment, began, CERT_MANAGER_ISSUE);
            let secret = value["spec"]["secretName"].as_str().unwrap_or_default().to_owned();
            let place = Key::new("secrets", &key.namespace, &secret);
            let rivals = self.rivals(&key, &secret);
            if issued && (rivals.len() < 2 || self.has_its_turn(moment, &key, &rivals)) {
                self.issue(moment, &key, &place, &value);
            }
            let status = self.certificate_status(&key, &place, moment, &value, rivals.len() > 1);
            self.store.set_status(&key, status);
        }
    }

    fn known_issuer(&self, certificate: &Value) -> bool {
        let issuer = &certificate["spec"]["issuerRef"];
        issuer["kind"] == "ClusterIssuer" && self.cluster.issuers.iter().any(|known| issuer["name"] == *known)
    }

    /// All that want this secret, the certificate itself among them.
    fn rivals(&self, key: &Key, secret: &str) -> Vec<String> {
        let wanting = self.store.within(CERTIFICATES, &key.namespace);
        wanting
            .filter(|(_, it)| it.value["spec"]["secretName"] == secret)
            .map(|(key, _)| key.name.clone())
            .collect()
    }

    /// Whether this one of several has just taken the secret from the others.
    fn has_its_turn(&mut self, moment: Moment, key: &Key, rivals: &[String]) -> bool {
        self.look_again();
        let period = moment.pace.scale(CERT_MANAGER_QUARREL).as_secs().max(1);
        let turn = u64::try_from(moment.now.as_second()).unwrap_or_default() / period;
        let mine = rivals.iter().position(|it| *it == key.name).and_then(|mine| u64::try_from(mine).ok());
        u64::try_from(rivals.len()).ok().and_then(|all| turn.checked_rem(all)) == mine
    }

    fn issue(&mut self, moment: Moment, key: &Key, place: &Key, certificate: &Value) {
        let names: Vec<&str> = certificate["spec"]["dnsNames"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let annotations = json!({
            NAME: key.name, "cert-manager.io/issuer-name": certificate["spec"]["issuerRef"]["name"],
            "cert-manager.io/alt-names": names.join(","),
        });
        let pem =
            |what: &str| STANDARD.encode(format!("-----BEGIN {what}-----\nsandbox\n-----END {what}-----\n"));
        let data = json!({"tls.crt": pem("CERTIFICATE"), "tls.key": pem("PRIVATE KEY")});
        match self.store.get(place) {
            Some(secret) => {
                let mut value = secret.value.clone();
                value["metadata"]["annotations"] = annotations;
                value["data"] = data;
                self.store.write(place, value);
            }
            None => {
                let value = json!({"metadata": {"annotations": annotations}, "type": "kubernetes.io/tls", "data": data});
                let fits = kinds::of("secrets").is_some_and(|kind| self.lets_in(kind, place, &value).is_ok());
                if fits {
                    self.store.create(moment.now, place, value, Vec::new());
                }
            }
        }
    }

    fn certificate_status(
        &self,
        key: &Key,
        place: &Key,
        moment: Moment,
        value: &Value,
        contested: bool,
    ) -> Value {
        let secret = self.store.get(place).map(|secret| &secret.value);
        let holder = secret.and_then(|secret| secret["metadata"]["annotations"][NAME].as_str());
        let generation = value["metadata"]["generation"].clone();
        let condition = |kind: &str, holds: bool, reason: &str, message: &str| {
            let mut condition = self.condition(key, moment.now, (kind, holds), reason, message);
            condition["observedGeneration"] = generation.clone();
            condition
        };
        let issuing = |reason: &str, message: &str| json!({"conditions": [condition("Ready", false, reason, message), condition("Issuing", true, reason, message)]});
        match holder {
            None => issuing("DoesNotExist", "Issuing certificate as Secret does not exist"),
            Some(holder) if holder == key.name && !contested => json!({
                "conditions": [condition("Ready", true, "Ready", "Certificate is up to date and has not expired")],
                "notBefore": secret.map(|secret| secret["metadata"]["creationTimestamp"].clone()),
                "revision": 1,
            }),
            Some(holder) => {
                let holder = if holder == key.name { "another" } else { holder };
                issuing(
                    "IncorrectCertificate",
                    &format!(
                        "Issuing certificate as Secret was previously issued for \"{holder}\": if this message is not \
                         transient, you might have two conflicting Certificates pointing to the same secret"
                    ),
                )
            }
        }
    }
}
