//! Policies: documents of statements, each of which allows or denies actions on resources.
//! <https://docs.min.io/community/minio-object-store/administration/identity-access-management/policy-based-access-control.html>

use std::sync::LazyLock;

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Refused, bad};

const ARN: &str = "arn:aws:s3:::";

/// What is asked of a bucket rather than of what is in it.
const OF_BUCKETS: [&str; 3] = ["s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketLocation"];
const OF_OBJECTS: [&str; 5] =
    ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"];

/// Those that every server has.
pub(crate) fn built_in(name: &str) -> Option<&'static Value> {
    static BUILT_IN: LazyLock<Value> = LazyLock::new(|| {
        let whole = |actions: Value| {
            let statement = json!({"Effect": "Allow", "Action": actions, "Resource": ["arn:aws:s3:::*"]});
            json!({"Version": "2012-10-17", "Statement": [statement]})
        };
        json!({
            "consoleAdmin": whole(json!(["admin:*", "s3:*"])),
            "readonly": whole(json!(["s3:GetBucketLocation", "s3:GetObject"])),
            "readwrite": whole(json!(["s3:*"])),
            "writeonly": whole(json!(["s3:PutObject"])),
        })
    });
    BUILT_IN.get(name)
}

/// What conditions can be about.
pub(crate) struct Said<'a> {
    /// Of a listing: what it is narrowed to.
    pub(crate) prefix: Option<&'a str>,
    pub(crate) now: Timestamp,
}

/// Whether these documents together allow an action on `bucket` or `bucket/key`: some statement does, and none denies.
pub(crate) fn allows<'a>(
    documents: impl IntoIterator<Item = &'a Value>,
    action: &str,
    resource: &str,
    said: &Said<'_>,
) -> bool {
    let mut allowed = false;
    for statement in documents.into_iter().flat_map(statements) {
        let names = list(&statement["Action"]).any(|pattern| matches(pattern, action));
        // The admin API has no resources.
        let about = action.starts_with("admin:")
            || list(&statement["Resource"])
                .filter_map(|pattern| pattern.strip_prefix(ARN))
                .any(|pattern| matches(pattern, resource));
        if !names || !about {
            continue;
        }
        if statement["Effect"] == "Deny" {
            return false;
        }
        allowed |= statement.get("Condition").is_none_or(|condition| holds(condition, said));
    }
    allowed
}

/// Of a listing's prefix and of the time what it says; any other condition is not understood here, and so not met.
fn holds(condition: &Value, said: &Said<'_>) -> bool {
    let operators = condition.as_object().into_iter().flatten();
    operators.into_iter().all(|(operator, keys)| {
        keys.as_object().into_iter().flatten().all(|(key, patterns)| {
            let mut patterns = list(patterns);
            match (operator.as_str(), key.as_str(), said.prefix) {
                ("DateLessThan", "aws:CurrentTime", _) => {
                    patterns.any(|it| it.parse().is_ok_and(|until: Timestamp| said.now < until))
                }
                ("StringLike", "s3:prefix", Some(prefix)) => patterns.any(|it| matches(it, prefix)),
                ("StringEquals", "s3:prefix", Some(prefix)) => patterns.any(|it| it == prefix),
                _ => false,
            }
        })
    })
}

/// The `Sid` of the first statement.
pub(crate) fn mark(document: &Value) -> Option<String> {
    let mark = statements(document).next()?["Sid"].as_str()?;
    (!mark.is_empty()).then(|| mark.to_owned())
}

/// A policy for users, as the admin API takes it.
pub(crate) fn read(body: &[u8]) -> Result<Value, Refused> {
    let malformed = |message: &str| bad("XMinioMalformedIAMPolicy", message);
    let document = checked(body).map_err(|why| malformed(&why))?;
    for statement in statements(&document) {
        if statement.get("Principal").is_some() {
            return Err(malformed("unknown field \"Principal\""));
        }
        let resources: Vec<&str> = list(&statement["Resource"]).collect();
        for action in list(&statement["Action"]) {
            let is_object = |resource: &&str| resource.contains('/') || resource.ends_with('*');
            let is_bucket = |resource: &&str| !resource.contains('/');
            let fits = (!OF_OBJECTS.contains(&action) || resources.iter().any(is_object))
                && (!OF_BUCKETS.contains(&action) || resources.iter().any(is_bucket));
            if !fits {
                return Err(malformed(&format!(
                    "unsupported Resource found {resources:?} for action {action}"
                )));
            }
        }
    }
    Ok(document)
}

/// The policy of a bucket, which is for everybody alone: MinIO has no users in it.
pub(crate) fn read_of_bucket(body: &[u8], bucket: &str) -> Result<Value, Refused> {
    let malformed = |message: &str| bad("MalformedPolicy", message);
    let document = checked(body).map_err(|why| malformed(&why))?;
    for statement in statements(&document) {
        let principal = &statement["Principal"];
        let everybody = *principal == "*" || list(&principal["AWS"]).eq(["*"]);
        if !everybody {
            return Err(malformed("invalid Principal"));
        }
        let of_bucket = |resource: &str| {
            let rest = resource.strip_prefix(ARN).and_then(|rest| rest.strip_prefix(bucket));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if !list(&statement["Resource"]).all(of_bucket) {
            return Err(malformed("Policy has invalid resource."));
        }
    }
    Ok(document)
}

fn checked(body: &[u8]) -> Result<Value, String> {
    let document: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if document["Version"] != "2012-10-17" {
        return Err("invalid version".to_owned());
    }
    if statements(&document).next().is_none() {
        return Err("Policy must not be empty".to_owned());
    }
    for statement in statements(&document) {
        let effect = &statement["Effect"];
        if *effect != "Allow" && *effect != "Deny" {
            return Err(format!("invalid Effect {effect}"));
        }
        let of_admin = list(&statement["Action"]).all(|action| action.starts_with("admin:"));
        if list(&statement["Action"]).next().is_none() {
            return Err("Action must not be empty".to_owned());
        }
        let named = list(&statement["Resource"]).next().is_some();
        let about_something = named && list(&statement["Resource"]).all(|resource| resource.starts_with(ARN));
        if !of_admin && !about_something {
            return Err("Resource must not be empty".to_owned());
        }
    }
    Ok(document)
}

fn statements(document: &Value) -> impl Iterator<Item = &Value> {
    document["Statement"].as_array().into_iter().flatten()
}

/// One text, or several.
fn list(value: &Value) -> impl Iterator<Item = &str> {
    let several = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    value.as_str().into_iter().chain(several)
}

/// `*` stands for anything, `?` for one character.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut read, mut star) = (0, 0, None);
    while read < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(wanted) if *wanted == b'?' || *wanted == text[read] => {
                at += 1;
                read += 1;
            }
            _ => match star {
                Some((back, begun)) => {
                    star = Some((back, begun + 1));
                    at = back + 1;
                    read = begun + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|rest| *rest == b'*')
}

/// What an attached policy cannot be without.
pub(crate) fn unknown() -> Refused {
    let message = "The canned policy does not exist.".to_owned();
    Refused(StatusCode::NOT_FOUND, "XMinioAdminNoSuchPolicy", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything_and_a_question_mark_for_one() {
        for (pattern, text, fits) in [
            ("a-products/*", "a-products/public/x", true),
            ("a-products/*", "a-products", false),
            ("a-*/x", "a-products/x", true),
            ("a-?/x", "a-b/x", true),
            ("a-?/x", "a-bc/x", false),
            ("*", "", true),
            ("a*b*c", "a1b2b3c", true),
            ("a*b*c", "a1b2b3", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn a_denial_outdoes_whatever_allows() {
        let document = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::*"},
            {"Effect": "Deny", "Action": ["s3:DeleteObject"], "Resource": ["arn:aws:s3:::a/kept/*"]},
        ]});
        assert!(allows([&document], "s3:DeleteObject", "a/other", &said(None)));
        assert!(!allows([&document], "s3:DeleteObject", "a/kept/x", &said(None)));
    }

    fn said(prefix: Option<&str>) -> Said<'_> {
        Said { prefix, now: "2026-11-22T12:00:00Z".parse().expect("a time") }
    }

    #[test]
    fn a_right_ends_when_it_says() {
        let may = |until: &str| {
            let statement = json!({
                "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::a/*"],
                "Condition": {"DateLessThan": {"aws:CurrentTime": until}},
            });
            let document = json!({"Version": "2012-10-17", "Statement": [statement]});
            allows([&document], "s3:GetObject", "a/x", &said(None))
        };
        assert!(may("2026-11-22T12:00:01Z"));
        assert!(!may("2026-11-22T12:00:00Z") && !may("soon"));
    }

    #[test]
    fn a_listing_is_held_to_its_prefix() {
        let statement = json!({
            "Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": ["arn:aws:s3:::a"],
            "Condition": {"StringLike": {"s3:prefix": ["acme/*"]}},
        });
        let document = json!({"Version": "2012-10-17", "Statement": [statement]});
        let may_list = |prefix| allows([&document], "s3:ListBucket", "a", &said(prefix));
        assert!(may_list(Some("acme/1/base/")));
        assert!(!may_list(Some("acme-two/")) && !may_list(Some("")) && !may_list(None));
        let mut other = document.clone();
        other["Statement"][0]["Condition"] = json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}});
        assert!(
            !allows([&other], "s3:ListBucket", "a", &said(Some("acme/"))),
            "what is not understood is not met"
        );
    }
}
