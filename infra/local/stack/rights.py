"""Which rights the functions of a stack have by what our templates say, and which of them they have used since it started.

Two files, a right a line: a function, an action, and what it is on, without what is another in every stack. What SAM adds to
each role is not in there. A right of a managed policy is nobody's own, and has the policy's name for the function's.
"""

import re
from pathlib import Path

from record import Record

Right = tuple[str, str, str]


def write(record: Record, aws, folder: Path) -> None:
    plain = _Plain(record, aws("cloudformation"))
    roles, shared = _policies(aws("iam"))
    functions = _functions(record, aws("lambda"))
    granted, used = set(), set()
    owners: dict[Right, set[str]] = {}
    for function, role in functions.items():
        inline, attached = roles.get(role, ([], []))
        named = [(function, document) for document in inline]
        named += [(plain(name), shared[name]) for name in attached if name in shared]
        for owner, document in named:
            for action, on in _rights(document):
                granted.add((owner, action, plain(on)))
                owners.setdefault((role, action, on), set()).add(owner)
    recorded = record.directory / "rights-used.txt"
    for line in recorded.read_text().splitlines() if recorded.exists() else []:
        role, session, action, on = line.split("\t")
        # Whoever else has taken the role on only tried it.
        if functions.get(session.removeprefix(f"{record.deployment}-")) == role:
            used |= {(owner, action, plain(on)) for owner in owners.get((role, action, on), ())}
    folder.mkdir(parents=True, exist_ok=True)
    for name, rights in ("granted.txt", granted), ("used.txt", used):
        (folder / name).write_text("".join(f"{' '.join(right)}\n" for right in sorted(rights)))


def _functions(record: Record, client) -> dict[str, str]:
    """The role of each function, by the name it has in every stack."""
    pages = client.get_paginator("list_functions").paginate()
    found = [function for page in pages for function in page["Functions"]]
    prefix = f"{record.deployment}-"
    ours = [function for function in found if function["FunctionName"].startswith(prefix)]
    return {it["FunctionName"].removeprefix(prefix): it["Role"].rsplit("/", 1)[1] for it in ours}


def _policies(client) -> tuple[dict[str, tuple[list, list]], dict[str, dict]]:
    """The policies of each role, its own and the names of others; and these others, as far as they are ours."""
    roles, shared = {}, {}
    for page in client.get_paginator("get_account_authorization_details").paginate():
        for policy in page["Policies"]:
            if ":aws:policy/" not in policy["Arn"]:
                current = [version for version in policy["PolicyVersionList"] if version["IsDefaultVersion"]]
                shared[policy["PolicyName"]] = current[0]["Document"]
        for role in page["RoleDetailList"]:
            inline = [policy["PolicyDocument"] for policy in role["RolePolicyList"]]
            roles[role["RoleName"]] = inline, [policy["PolicyName"] for policy in role["AttachedManagedPolicies"]]
    return roles, shared


def _rights(document: dict):
    for statement in _many(document["Statement"]):
        if statement["Effect"] == "Allow":
            for action in _many(statement["Action"]):
                for on in _many(statement["Resource"]):
                    yield action, on


def _many(value) -> list:
    return value if isinstance(value, list) else [value]


class _Plain:
    """Names as the templates have them, whatever the stack made of them."""

    def __init__(self, record: Record, client):
        self.deployment = record.deployment
        self.names = {}
        for stack in record.deployed:
            pages = client.get_paginator("list_stack_resources").paginate(StackName=stack)
            for resource in (resource for page in pages for resource in page["StackResourceSummaries"]):
                # The last part of an ARN or a URL is enough to know it by.
                name = re.split("[:/]", resource.get("PhysicalResourceId", ""))[-1]
                if not name.startswith(f"{self.deployment}-") and len(name) > 8:
                    self.names[name] = resource["LogicalResourceId"]

    def __call__(self, arn: str) -> str:
        arn = arn.split(":", 5)[5] if arn.startswith("arn:") else arn
        for name in sorted(self.names, key=len, reverse=True):
            arn = arn.replace(name, self.names[name])
        return re.sub(rf"(^|[:/]){re.escape(self.deployment)}(?=[-/])", r"\1<deployment>", arn)
