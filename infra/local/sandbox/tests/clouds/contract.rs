use http::{Method, Response};
use hyper::body::Bytes;
use sandbox::contract::Part;
use serde_json::{Value, json};

use crate::bed::{NEON, SECRETS, SERVICES, contract, request};

/// What the documents find in a request, with an answer that is beside the point.
fn found(method: Method, url: &str, body: &Value) -> Vec<String> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = http::StatusCode::BAD_GATEWAY;
    let found = contract().check(&request(method, url, None, body), &response);
    assert!(found.iter().all(|violation| violation.part == Part::Request));
    found.into_iter().map(|violation| violation.message).collect()
}

#[test]
fn a_request_is_held_to_its_path_query_and_body() {
    let branches = format!("{NEON}/branches");
    assert_eq!(found(Method::POST, &branches, &json!({"endpoints": [{"type": "read_write"}]})), [""; 0]);
    for (method, url, body) in [
        (Method::POST, branches.as_str(), json!({"endpoints": [{"type": "readwrite"}]})),
        (Method::GET, "https://console.neon.tech/api/v2/projects/NOT_AN_ID/branches", Value::Null),
        (Method::GET, &format!("{NEON}/connection_uri?database_name=neondb"), Value::Null),
        (Method::GET, &format!("{NEON}/branches?limit=many"), Value::Null),
        (Method::GET, &format!("{NEON}/branches?serach=t-1"), Value::Null),
        (Method::POST, SECRETS, json!({"replication": {"automatic": {}}})),
        (Method::POST, SERVICES, json!({"kind": "Service"})),
        (Method::PUT, SERVICES, json!({})),
        (Method::POST, &format!("{SERVICES}/t-1:undelete"), json!({})),
    ] {
        assert_eq!(found(method, url, &body).len(), 1, "{url} {body}");
    }
}

#[test]
fn an_answer_is_held_to_its_status_and_body() {
    let asked = request(Method::GET, &format!("{SERVICES}/t-1"), None, &Value::Null);
    let check = |body: &Value| contract().check(&asked, &Response::new(Bytes::from(body.to_string())));
    assert_eq!(check(&json!({"name": "t-1", "reconciling": false})), []);
    for wrong in [json!({"status": "ready"}), json!({"reconciling": "no"}), json!([])] {
        let violations = check(&wrong);
        assert_eq!(violations.len(), 1, "{wrong}");
        assert_eq!(
            (violations[0].part, violations[0].operation.as_str()),
            (Part::Response, "run.projects.locations.services.get")
        );
    }
}

/// Google's own clients ask for numbers in answers, and send them.
#[test]
fn googles_apis_also_take_what_every_api_of_googles_takes() {
    let url = format!("{SERVICES}?serviceId=t-1&$alt=json;enum-encoding=int");
    let order = |ingress: Value| json!({"ingress": ingress, "template": {"containers": [{"image": "page"}]}});
    for good in [json!(1), json!("INGRESS_TRAFFIC_ALL")] {
        assert_eq!(found(Method::POST, &url, &order(good)), [""; 0]);
    }
    for wrong in [json!("ALL"), json!(true)] {
        assert_eq!(found(Method::POST, &url, &order(wrong)).len(), 1);
    }
    assert_eq!(found(Method::GET, &format!("{NEON}/branches?$alt=json"), &Value::Null).len(), 1);
}
