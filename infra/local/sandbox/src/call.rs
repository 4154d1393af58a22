//! What a request on the wire asks for: who calls, which service, which operation, and what it does there.

use http::{HeaderMap, Method, request::Parts};
use serde::{Deserialize, Serialize};

/// A request, as far as a fault can tell requests apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The Lambda function that calls; `None` for anyone else.
    pub function: Option<String>,
    /// The service as SigV4 names it (`s3`, `dynamodb`, ...), or `http` for the front.
    pub service: String,
    /// `PutObject`, `AdminDeleteUser`; the method for `http`.
    pub operation: String,
}

/// What an operation does to the thing it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    Create,
    Read,
    Destroy,
}

impl Call {
    /// A call on an AWS API.
    pub fn aws(request: &Parts) -> Self {
        let target = header(&request.headers, "x-amz-target").and_then(|target| target.split_once('.'));
        let service = signed_service(&request.headers)
            .or_else(|| target.map(|(api, _)| unsigned_service(api)))
            .unwrap_or("unknown");
        let operation = match target {
            Some((_, operation)) => operation.to_owned(),
            None if service == "s3" => s3_operation(request).to_owned(),
            None => rest_operation(request),
        };
        Self { function: function(&request.headers), service: service.to_owned(), operation }
    }

    /// A call on the public URL of the stack.
    pub fn http(request: &Parts) -> Self {
        Self {
            function: function(&request.headers),
            service: "http".to_owned(),
            operation: request.method.to_string(),
        }
    }

    /// What the operation does, read from its first word.
    pub fn act(&self) -> Act {
        let name = self.operation.strip_prefix("Admin").unwrap_or(&self.operation);
        let says = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
        if says(&["Delete", "DELETE", "Remove", "Abort", "drop-", "withdraw", "delete-"]) {
            Act::Destroy
        } else if says(&[
            "BatchGet",
            "Describe",
            "Get",
            "GET",
            "Head",
            "HEAD",
            "List",
            "Query",
            "Scan",
            "TransactGet",
            "list",
            "look",
            "read",
        ]) {
            Act::Read
        } else {
            Act::Create
        }
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The `app/<name>` element of a user agent. The Rust SDK writes it into its second header only.
pub(crate) fn function(headers: &HeaderMap) -> Option<String> {
    ["x-amz-user-agent", "user-agent"]
        .iter()
        .filter_map(|name| header(headers, name))
        .flat_map(str::split_whitespace)
        .find_map(|element| element.strip_prefix("app/"))
        .map(str::to_owned)
}

/// The service in the credential scope of a SigV4 signature: `Credential=<key>/<date>/<region>/<service>/...`.
fn signed_service(headers: &HeaderMap) -> Option<&str> {
    header(headers, "authorization")?.split_once("Credential=")?.1.split('/').nth(3)
}

/// Some Cognito operations need no signature; their target names the API.
fn unsigned_service(api: &str) -> &str {
    if api.starts_with("AWSCognitoIdentityProvider") { "cognito-idp" } else { api }
}

/// S3 has no operation names on the wire: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations.html>.
/// Path style, as our client asks.
fn s3_operation(request: &Parts) -> &'static str {
    let of_object =
        request.uri.path().trim_start_matches('/').split_once('/').is_some_and(|(_, key)| !key.is_empty());
    let query = request.uri.query().unwrap_or_default();
    let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    match (&request.method, of_object) {
        (&Method::PUT, true) if has("partNumber") => "UploadPart",
        (&Method::PUT, true) if has("tagging") => "PutObjectTagging",
        (&Method::PUT, true) if request.headers.contains_key("x-amz-copy-source") => "CopyObject",
        (&Method::PUT, true) => "PutObject",
        (&Method::PUT, false) => "CreateBucket",
        (&Method::GET, true) if has("tagging") => "GetObjectTagging",
        (&Method::GET, true) => "GetObject",
        (&Method::GET, false) if has("versions") => "ListObjectVersions",
        (&Method::GET, false) if has("list-type") => "ListObjectsV2",
        (&Method::GET, false) => "GetBucket",
        (&Method::HEAD, true) => "HeadObject",
        (&Method::HEAD, false) => "HeadBucket",
        (&Method::DELETE, true) if has("uploadId") => "AbortMultipartUpload",
        (&Method::DELETE, true) if has("tagging") => "DeleteObjectTagging",
        (&Method::DELETE, true) => "DeleteObject",
        (&Method::DELETE, false) => "DeleteBucket",
        (&Method::POST, false) if has("delete") => "DeleteObjects",
        (&Method::POST, true) if has("uploads") => "CreateMultipartUpload",
        (&Method::POST, true) => "CompleteMultipartUpload",
        _ => "PutUnknown",
    }
}

/// SES has one operation we use; of the rest only the act matters.
fn rest_operation(request: &Parts) -> String {
    if request.uri.path() == "/v2/email/outbound-emails" {
        return "SendEmail".to_owned();
    }
    let verb = match request.method {
        Method::GET | Method::HEAD => "Get",
        Method::DELETE => "Delete",
        _ => "Put",
    };
    format!("{verb}{}", request.uri.path())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn parts(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_json_call_is_named_by_its_target_and_its_signature() {
        let call = Call::aws(&parts(
            "POST",
            "/",
            &[
                ("x-amz-target", "AWSCognitoIdentityProviderService.AdminDeleteUser"),
                (
                    "authorization",
                    "AWS4-HMAC-SHA256 Credential=A/20260101/eu-west-1/cognito-idp/aws4_request, SignedHeaders=host",
                ),
                ("user-agent", "aws-sdk-rust/1.3 os/linux"),
                (
                    "x-amz-user-agent",
                    "aws-sdk-rust/1.3 ua/2.1 api/cognitoidentityprovider/1 app/t-3f9a-merchant-create-owner m/E",
                ),
            ],
        ));
        assert_eq!(call.function.as_deref(), Some("t-3f9a-merchant-create-owner"));
        assert_eq!((call.service.as_str(), call.operation.as_str()), ("cognito-idp", "AdminDeleteUser"));
        assert_eq!(call.act(), Act::Destroy);
    }

    #[test]
    fn an_unsigned_cognito_call_is_known_by_its_target() {
        let target = [("x-amz-target", "AWSCognitoIdentityProviderService.InitiateAuth")];
        assert_eq!(Call::aws(&parts("POST", "/", &target)).service, "cognito-idp");
    }

    #[test]
    fn s3_operations_follow_from_method_path_and_query() {
        let signed = [("authorization", "AWS4-HMAC-SHA256 Credential=A/20260101/eu-west-1/s3/aws4_request")];
        for (method, uri, operation, act) in [
            ("PUT", "/bucket/a/b?x-id=PutObject", "PutObject", Act::Create),
            ("GET", "/bucket/a", "GetObject", Act::Read),
            ("GET", "/bucket/?list-type=2&prefix=a", "ListObjectsV2", Act::Read),
            ("HEAD", "/bucket/a", "HeadObject", Act::Read),
            ("DELETE", "/bucket/a", "DeleteObject", Act::Destroy),
            ("POST", "/bucket/?delete", "DeleteObjects", Act::Destroy),
            ("POST", "/bucket/a?uploadId=1", "CompleteMultipartUpload", Act::Create),
        ] {
            let call = Call::aws(&parts(method, uri, &signed));
            assert_eq!((call.operation.as_str(), call.act()), (operation, act), "{method} {uri}");
        }
    }

    #[test]
    fn mail_and_the_front_have_names_too() {
        let signed = [("authorization", "AWS4-HMAC-SHA256 Credential=A/20260101/eu-west-1/ses/aws4_request")];
        assert_eq!(Call::aws(&parts("POST", "/v2/email/outbound-emails", &signed)).operation, "SendEmail");
        let call = Call::http(&parts(
            "GET",
            "/sites/acme",
            &[("user-agent", "tenantry/0.1.0 app/local-merchant-probe-website")],
        ));
        assert_eq!(call.function.as_deref(), Some("local-merchant-probe-website"));
        assert_eq!((call.service.as_str(), call.act()), ("http", Act::Read));
    }
}
