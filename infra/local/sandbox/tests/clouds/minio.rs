//! What the client of ours does not do. The rest of MinIO is tested where that client is: `shared/providers/object-store`.

use http::{Method, StatusCode};
use sandbox::clouds::Thing;
use serde_json::Value;

use crate::bed::{Answer, World, request};

const URL: &str = "http://minio.e-commerce-shared.svc.cluster.local:9000";

fn text(answer: &Answer) -> &str {
    std::str::from_utf8(answer.response.body()).unwrap()
}

#[test]
fn nobody_does_anything_without_a_signature() {
    let mut world = World::new();
    let thing =
        Thing { provider: "minio", kind: "bucket", name: "kept".to_owned(), owner: None, awake: None };
    assert!(world.clouds.plant(world.now, "", &thing));
    for (method, path) in [
        (Method::GET, "/"),
        (Method::PUT, "/another"),
        (Method::DELETE, "/kept"),
        (Method::GET, "/kept?versions"),
        (Method::GET, "/kept/secret"),
        (Method::GET, "/minio/admin/v3/list-canned-policies"),
        (Method::PUT, "/minio/admin/v3/add-user?accessKey=mallory"),
    ] {
        let refused = world.send(&request(method, &format!("{URL}{path}"), None, &Value::Null));
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
        assert!(text(&refused).contains("AccessDenied"), "{path}: {}", text(&refused));
    }
    assert_eq!(world.clouds.things(world.now), [thing]);
}

#[test]
fn a_signature_of_another_day_is_refused() {
    let mut world = World::new();
    let mut asked = request(Method::GET, URL, None, &Value::Null);
    let scope = "minioadmin/20261121/us-east-1/s3/aws4_request";
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature=00");
    let headers = asked.headers_mut();
    headers.insert("authorization", authorization.parse().unwrap());
    headers.insert("x-amz-content-sha256", "UNSIGNED-PAYLOAD".parse().unwrap());
    headers.insert("x-amz-date", "20261121T110000Z".parse().unwrap());
    assert!(text(&world.send(&asked)).contains("RequestTimeTooSkewed"));
    asked.headers_mut().insert("x-amz-date", "20261121T120000Z".parse().unwrap());
    assert!(text(&world.send(&asked)).contains("SignatureDoesNotMatch"));
}
