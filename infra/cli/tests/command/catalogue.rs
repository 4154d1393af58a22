use crate::stub::{Mode, Stub};
use crate::{stderr, stdout, tenantry};

#[test]
fn plans_and_themes_are_listed() {
    let stub = Stub::start(Mode::Healthy);
    assert_eq!(
        stdout(&tenantry(&stub.url, &["catalogue", "list", "plan"])),
        "starter  Starter  29.05 USD monthly, 14 days' trial\n"
    );
    assert_eq!(
        stdout(&tenantry(&stub.url, &["catalogue", "list", "theme"])),
        "modern  Modern  Clean  not for new tenants\n"
    );
}

#[test]
fn an_entry_is_put_on_offer_and_taken_off() {
    let stub = Stub::start(Mode::Healthy);
    for (command, told, sent) in [
        (&["activate", "plan", "starter"][..], "plan starter is on offer", "POST /v1/plans/starter/activate"),
        (
            &["deactivate", "theme", "modern"],
            "theme modern is not on offer any more",
            "POST /v1/themes/modern/deactivate",
        ),
        (&["delete", "blueprint", "shop"], "blueprint shop is deleted", "DELETE /v1/blueprints/shop"),
    ] {
        let output = tenantry(&stub.url, &[&["catalogue"], command, &["--reason", "spring"]].concat());
        assert_eq!(stdout(&output), format!("{told}\n"), "{}", stderr(&output));
        assert_eq!(stub.acts().last(), Some(&format!(r#"{sent} {{"reason":"spring"}}"#)));
    }
    let refused = tenantry(&stub.url, &["catalogue", "delete", "plan", "starter", "--reason", "r"]);
    assert_eq!(refused.status.code(), Some(5));
    assert_eq!(
        stderr(&refused),
        "error: It is in use (409): there are tenants with the plan 'starter'\n  \
         hint: tenantry list --plan, --theme or --blueprint <id> shows the tenants that have it\n"
    );
}

#[test]
fn the_defaults_that_are_missing_are_added() {
    let stub = Stub::start(Mode::Healthy);
    let defaults = || stdout(&tenantry(&stub.url, &["catalogue", "defaults", "--reason", "a new start"]));
    assert_eq!(defaults(), "plan       starter\n");
    assert_eq!(defaults(), "nothing was missing\n");
}
