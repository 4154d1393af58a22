//! The emulator stopped and started again while executions run: they come back failed, as nobody would want, and
//! the janitor brings their operations to an end. On a stack of its own, for others could not bear it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tests::api::signup;
use tests::merchant_workspace::{BLUEPRINT, WHOLE, live};
use tests::world::{inventory, kinds};
use tests::{Fault, Stack};

/// A stack that is up until it is dropped.
struct Own(PathBuf);

impl Own {
    fn up() -> Self {
        let own = Self(std::env::temp_dir().join(format!("tenantry-restart-{}", std::process::id())));
        own.tell(&["up", "--no-build"]);
        own
    }

    #[allow(clippy::disallowed_methods)] // The command that a person would give.
    fn tell(&self, what: &[&str]) {
        let stack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/local/stack");
        let mut command = Command::new("python");
        command.arg(stack).arg("--directory").arg(&self.0).args(what);
        // Waits of the machines are shortened, as for the other tests.
        let told = command.env("SFN_WAIT_SCALE", "0.1").output().expect("python runs");
        assert!(told.status.success(), "{what:?}: {}", String::from_utf8_lossy(&told.stderr));
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.tell(&["down"]);
        // What a failed removal leaves is in the system's folder for such things.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn hangs(stack: &Stack, aim: Value, act: &'static str) -> u64 {
    let (function, acts) = (Some("merchant-publish-website"), &[act][..]);
    let fault = Fault { function, acts, contains: aim.as_str(), kind: "hang", ..Fault::default() };
    stack.inject(&fault).await
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn what_ran_while_the_emulator_was_restarted_is_brought_to_its_end() {
    let own = Own::up();
    let stack = Stack::at(&own.0).await;
    let leaving = live(&stack).await;
    let signup = signup(BLUEPRINT);
    let made = hangs(&stack, signup["name"].clone(), "create").await;
    let gone = hangs(&stack, json!(leaving.tenant), "destroy").await;
    let coming = stack.api.sign_up(&signup).await;
    let deletion = stack.api.delete(&leaving.tenant).await;
    stack.hit(made).await;
    stack.hit(gone).await;

    own.tell(&["down"]);
    own.tell(&["up", "--no-build"]);

    let stack = Stack::at(&own.0).await;
    for (operation, state) in [(&coming, "failed"), (&deletion, "succeeded")] {
        stack.janitor(&operation.tenant, 30).await;
        let status = stack.api.ended(operation).await;
        assert_eq!((&status["state"], &status["resources_left"]), (&json!(state), &json!(0)), "{status:#}");
        assert_eq!(inventory(&stack, &operation.tenant).await, [].into());
    }
    let again = stack.api.retry(&coming.tenant).await;
    let status = stack.api.ended(&again).await;
    assert_eq!(status["state"], "succeeded", "{status:#}");
    assert_eq!(kinds(&inventory(&stack, &coming.tenant).await), WHOLE);
}
