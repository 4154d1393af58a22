use super::*;

async fn me(api: &Router, person: &Person) -> Response {
    send_as(person, api, "GET", "/v1/me", None, "").await
}

#[tokio::test]
async fn everybody_is_told_who_they_are() {
    let api = api().await;
    for role in ["admin", "operator", "viewer"] {
        assert_eq!(body(me(&api, &Person::staff(role)).await).await, json!({ "role": role, "name": role }));
    }
    let owner = body(me(&api, &Person::of_tenant("acme-7f3a9c")).await).await;
    assert_eq!(owner, json!({ "role": "tenant", "name": "owner-of-acme-7f3a9c", "tenant": "acme-7f3a9c" }));
    assert_eq!(
        body(me(&api, &Person::machine()).await).await,
        json!({ "role": "machine", "name": "client" })
    );
    // Of several roles, the one that may do most.
    let both = Person::named("ana", "viewer operator");
    assert_eq!(body(me(&api, &both).await).await, json!({ "role": "operator", "name": "ana" }));
    for nobody in [Person::named("nobody", "visitors"), Person::default()] {
        assert_eq!(me(&api, &nobody).await.status(), StatusCode::FORBIDDEN, "{nobody:?}");
    }
}
