"""Who may call the API of a stack: one person for each role, made up once, and the machine's credentials."""

import base64
import json
import secrets
import urllib.parse
import urllib.request
from pathlib import Path

from record import Record

ROLES = ("admin", "operator", "viewer")


def prepare(record: Record, cognito) -> None:
    """The people are there afterwards, each in the group of their role, under the password that is kept."""
    pool = record.outputs["PeoplePoolId"]
    for role, password in _passwords(record).items():
        try:
            # The temporary password, too: the emulator makes up one that the pool's own policy refuses.
            cognito.admin_create_user(
                UserPoolId=pool, Username=role, TemporaryPassword=password, MessageAction="SUPPRESS"
            )
        except cognito.exceptions.UsernameExistsException:
            pass
        cognito.admin_set_user_password(UserPoolId=pool, Username=role, Password=password, Permanent=True)
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=role, GroupName=role)


def introduce(record: Record) -> list[str]:
    """Where people sign in, and a line for each: their user name, which is their role, and their password."""
    return [record.outputs["ConsoleUrl"], *(f"{role:<10}{known}" for role, known in _passwords(record).items())]


def file(record: Record) -> Path:
    """The passwords, by role."""
    return record.directory / "people.json"


def token(record: Record, role: str, cognito) -> str:
    """A fresh access token. It is good for an hour."""
    if role == "machine":
        return _machine_token(record, cognito)
    answer = cognito.admin_initiate_auth(
        UserPoolId=record.outputs["PeoplePoolId"],
        ClientId=record.outputs["PeopleClientId"],
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": role, "PASSWORD": _passwords(record)[role]},
    )
    return answer["AuthenticationResult"]["AccessToken"]


def _machine_token(record: Record, cognito) -> str:
    pool, client = record.outputs["PeoplePoolId"], record.outputs["MachineClientId"]
    known = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client)["UserPoolClient"]
    basic = base64.b64encode(f"{client}:{known['ClientSecret']}".encode()).decode()
    form = urllib.parse.urlencode({"grant_type": "client_credentials", "scope": "tenantry/machine"}).encode()
    headers = {"authorization": f"Basic {basic}"}
    order = urllib.request.Request(record.outputs["TokenUrl"], form, headers)
    with urllib.request.urlopen(order, timeout=15) as answer:
        return json.load(answer)["access_token"]


def _passwords(record: Record) -> dict[str, str]:
    kept = file(record)
    if not kept.exists():
        kept.touch(0o600)
        # One of each kind that the pool asks for.
        kept.write_text(json.dumps({role: f"Aa1-{secrets.token_urlsafe(18)}" for role in ROLES}))
    return json.loads(kept.read_text())
