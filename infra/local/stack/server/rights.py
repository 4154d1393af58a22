"""Has the emulator write down which rights functions use: a line for each statement of a policy that let a call pass,
the first time it does.

A line is a role, its session, an action, and what the policy allows it on, with tabs between. Lambda calls a session like its
function; a test that takes on a role calls it otherwise.
"""

from ministack.core import iam_evaluator


class Rights:
    def __init__(self, file: str):
        self.file = open(file, "a", buffering=1)
        # Who holds a key; what a role may do an action on, as far as it was not used yet.
        self.holders: dict[str, str] = {}
        self.unused: dict[tuple[str, str], list[str]] = {}

    def watch(self) -> None:
        enforce = iam_evaluator.enforce

        def watched(key, action, service, region, resource_arn="*", service_context=None):
            refused = enforce(key, action, service, region, resource_arn, service_context)
            if refused is None:
                self.used(key, action, resource_arn)
            return refused

        iam_evaluator.enforce = watched

    def used(self, key: str, action: str, resource: str) -> None:
        holder = self.holders.get(key)
        if holder is None:
            identity = iam_evaluator.resolve_caller_identity(key) or {}
            holder = self.holders[key] = identity.get("userArn", "")
        if ":assumed-role/" not in holder:
            return
        unused = self.unused.get((holder, action))
        if unused is None:
            unused = self.unused[holder, action] = _allowed_on(holder, action)
        for pattern in [pattern for pattern in unused if iam_evaluator.fnmatch_iam_cs(resource, pattern)]:
            unused.remove(pattern)
            role, session = holder.split("/")[-2:]
            self.file.write(f"{role}\t{session}\t{action}\t{pattern}\n")


def _allowed_on(holder: str, action: str) -> list[str]:
    role = iam_evaluator._role_name_from_assumed_arn(holder)
    policies = iam_evaluator._gather_role_policies(role, holder.split(":")[4])
    statements = [statement for policy in policies for statement in policy if statement.effect == "Allow"]
    allowing = [it for it in statements if any(iam_evaluator.fnmatch_iam(action, name) for name in it.actions)]
    return sorted({pattern for statement in allowing for pattern in statement.resources})
