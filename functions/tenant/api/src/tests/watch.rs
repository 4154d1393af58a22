use std::time::Duration;

use axum::http::HeaderMap;
use tokio::time::Instant;

use super::*;

const EVENTS: &str = "text/event-stream";

async fn get(api: &Router, person: &Person, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = Request::get(path).extension(person.context());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    api.clone().oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer")
}

/// The id and the data of the one event of an answer; none, if nothing was new.
async fn event(response: Response) -> Option<(String, Value)> {
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::CONTENT_TYPE], EVENTS);
    let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    let text = std::str::from_utf8(&body).expect("text");
    assert!(text.ends_with("\n\n"), "{text}");
    let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    Some((line("id: ")?.to_owned(), serde_json::from_str(line("data: ")?).expect("JSON")))
}

async fn watch(api: &Router, path: &str, seen: Option<&str>) -> Response {
    let headers: Vec<_> =
        [("accept", EVENTS)].into_iter().chain(seen.map(|seen| ("last-event-id", seen))).collect();
    get(api, &Person::staff("viewer"), path, &headers).await
}

fn tag(headers: &HeaderMap) -> String {
    headers[header::ETAG].to_str().expect("text").to_owned()
}

#[tokio::test]
async fn what_is_read_can_be_asked_for_again_without_being_sent() {
    let (api, viewer) = (api().await, Person::staff("viewer"));
    let (tenant, _) = signed_up(&api).await;
    let first = get(&api, &viewer, &tenant, &[]).await;
    let tag = tag(first.headers());
    assert_eq!(body(first).await["status"], "provisioning");
    let again = get(&api, &viewer, &tenant, &[("if-none-match", &tag)]).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert!(to_bytes(again.into_body(), 1).await.expect("a body").is_empty());
    // Of several, and weakened by what is on the way (RFC 9110, 13.1.2).
    let among = get(&api, &viewer, &tenant, &[("if-none-match", &format!("\"another\", W/{tag}"))]).await;
    assert_eq!(among.status(), StatusCode::NOT_MODIFIED);
    let other = get(&api, &viewer, &tenant, &[("if-none-match", "\"another\"")]).await;
    assert_eq!(other.status(), StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn who_has_seen_nothing_is_answered_at_once_with_what_a_read_gives() {
    let api = api().await;
    let (tenant, _) = signed_up(&api).await;
    let read = get(&api, &Person::staff("viewer"), &tenant, &[]).await;
    let (id, data) = event(watch(&api, &tenant, None).await).await.expect("an event");
    assert_eq!((id, data), (tag(read.headers()), body(read).await));
}

#[tokio::test(start_paused = true)]
async fn a_change_ends_the_wait_and_none_is_missed_between_two_waits() {
    let db = Database::memory();
    let api = api_over(db.clone()).await;
    let (tenant, operation) = signed_up(&api).await;
    let (seen, before) = event(watch(&api, &operation, None).await).await.expect("an event");
    assert_eq!(before["state"], "accepted");
    let begun = Instant::now();
    let change = async {
        tokio::time::advance(Duration::from_secs(3)).await;
        failed(&db, &operation).await;
    };
    let (answer, ()) = tokio::join!(watch(&api, &operation, Some(&seen)), change);
    let (next, after) = event(answer).await.expect("an event");
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert_eq!(after["state"], "failed");
    // Whoever comes back with what they saw first is told at once.
    let late = event(watch(&api, &operation, Some(&seen)).await).await.expect("an event");
    assert_eq!(late, (next, after));
    assert_eq!(body(send(&api, "GET", &tenant, None, "").await).await["status"], "failed");
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_ends_is_told_to_its_end() {
    let db = Database::memory();
    let api = api_over(db.clone()).await;
    let (_, operation) = signed_up(&api).await;
    let (mut seen, _) = event(watch(&api, &operation, None).await).await.expect("an event");
    let end = async {
        tokio::time::advance(Duration::from_secs(30)).await;
        ended(&db, &operation, tenancy::Event::Provisioned, tenancy::State::Succeeded).await;
    };
    let whole = async {
        loop {
            let Some((id, data)) = event(watch(&api, &operation, Some(&seen)).await).await else { continue };
            seen = id;
            if data["ended_at"].is_string() {
                break data;
            }
        }
    };
    let (last, ()) = tokio::join!(whole, end);
    assert_eq!((&last["state"], &last["percent"]), (&json!("succeeded"), &json!(100)));
    // From now on time alone changes nothing at all.
    assert_eq!(event(watch(&api, &operation, Some(&seen)).await).await, None);
}

/// An export says when it was made, and is the same until something else is.
#[tokio::test(start_paused = true)]
async fn a_file_is_no_other_for_being_made_anew() {
    let api = api().await;
    let (tenant, _) = signed_up(&api).await;
    let (export, operator) = (format!("{tenant}/export"), Person::staff("operator"));
    let first = tag(get(&api, &operator, &export, &[]).await.headers());
    let again = [("if-none-match", first.as_str())];
    assert_eq!(get(&api, &operator, &export, &again).await.status(), StatusCode::NOT_MODIFIED);
    send(&api, "POST", &format!("{tenant}/hold"), None, WHY).await;
    assert_eq!(get(&api, &operator, &export, &again).await.status(), StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn nothing_new_ends_in_time_and_time_alone_is_nothing_new() {
    let api = api().await;
    let (_, operation) = signed_up(&api).await;
    let (seen, _) = event(watch(&api, &operation, None).await).await.expect("an event");
    let begun = Instant::now();
    // `wall_ms` grows with each look.
    assert_eq!(event(watch(&api, &operation, Some(&seen)).await).await, None);
    let waited = begun.elapsed();
    assert!((Duration::from_secs(20)..Duration::from_secs(25)).contains(&waited), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_one_however_it_is_asked_for() {
    let api = api().await;
    let (tenant, _) = signed_up(&api).await;
    let begun = Instant::now();
    let accept = [("accept", EVENTS), ("last-event-id", "\"seen\"")];
    let gone = get(&api, &Person::staff("viewer"), "/v1/tenants/acme-000000", &accept).await;
    let theirs = get(&api, &Person::of_tenant("other-000000"), &tenant, &accept).await;
    for refused in [gone, theirs] {
        assert_eq!(refused.status(), StatusCode::NOT_FOUND);
        assert_eq!(refused.headers()[header::CONTENT_TYPE], "application/problem+json");
    }
    let forbidden = get(&api, &Person::staff("viewer"), &format!("{tenant}/export"), &accept).await;
    assert_eq!(forbidden.status(), StatusCode::FORBIDDEN);
    assert_eq!(forbidden.headers()[header::CONTENT_TYPE], "application/problem+json");
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_away_while_it_is_watched_is_told_at_once() {
    let api = api().await;
    let path = "/v1/plans/gold";
    let mut plan = catalogue::plan("gold");
    plan["active"] = json!(false);
    let made = send(&api, "POST", "/v1/plans", None, &plan.to_string()).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let (seen, _) = event(watch(&api, path, None).await).await.expect("an event");
    let begun = Instant::now();
    let removal = async {
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(send(&api, "DELETE", path, None, "").await.status(), StatusCode::NO_CONTENT);
    };
    let (gone, ()) = tokio::join!(watch(&api, path, Some(&seen)), removal);
    assert_eq!(gone.status(), StatusCode::NOT_FOUND);
    assert_eq!(gone.headers()[header::CONTENT_TYPE], "application/problem+json");
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

/// It would hold a function for 20 seconds, for whoever knows the address.
#[tokio::test(start_paused = true)]
async fn what_is_open_to_anybody_is_read_and_not_waited_for() {
    let api = api().await;
    for path in ["/v1/offers", "/v1/subdomains/acme", "/v1/certificate-keys", "/v1/openapi.json"] {
        let nobody = Person::default();
        let seen = tag(get(&api, &nobody, path, &[]).await.headers());
        let begun = Instant::now();
        let accept = [("accept", EVENTS), ("last-event-id", seen.as_str())];
        let answer = get(&api, &nobody, path, &accept).await;
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/json", "{path}");
        assert!(begun.elapsed() < Duration::from_secs(1), "{path}");
    }
}

#[tokio::test]
async fn an_entry_of_the_catalogue_is_tagged_with_the_version_that_a_change_names() {
    let api = api().await;
    let path = "/v1/blueprints/merchant-workspace";
    let version = tag(get(&api, &Person::staff("viewer"), path, &[]).await.headers());
    assert_eq!(event(watch(&api, path, None).await).await.expect("an event").0, version);
    let mut change = Request::patch(path).extension(Person::staff("admin").context());
    change = change.header(header::IF_MATCH, &version).header(header::CONTENT_TYPE, "application/json");
    let change = change.body(Body::from(r#"{"reason":"a test","approval":true}"#)).expect("a request");
    let changed = api.clone().oneshot(change).await.expect("an answer");
    assert_eq!(changed.status(), StatusCode::OK);
    let now = tag(changed.headers());
    assert_ne!(now, version);
    assert_eq!(event(watch(&api, path, Some(&version)).await).await.expect("an event").0, now);
}
