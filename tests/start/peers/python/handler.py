"""functions/websites/register-website in Python: the ledger's two writes and two looks at the fence, around the provider's calls."""

import hashlib
import json
import os
import time
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

import boto3
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError

STEP = "websites-register-website"
RETRIES = Config(retries={"total_max_attempts": 2, "mode": "standard"})
dynamodb = boto3.resource("dynamodb", config=RETRIES)
ledger, tenants = dynamodb.Table(os.environ["LEDGER_TABLE"]), dynamodb.Table(os.environ["TENANTS_TABLE"])
secrets = boto3.client("secretsmanager", config=RETRIES)
token = secrets.get_secret_value(SecretId=os.environ["WEBSITES_TOKEN_SECRET"])["SecretString"]
http = urllib3.PoolManager(timeout=10, retries=False)


class NotReady(Exception): ...
class Fenced(Exception): ...
class Transient(Exception): ...
class Terminal(Exception): ...


def write(row, condition, **values):
    try:
        ledger.put_item(Item=row, ConditionExpression=condition, **values)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            raise NotReady("the row is another call's") from error
        raise


def check_fence(event):
    key = {"pk": event["tenant"]["id"], "sk": f"OPERATION#{event['operation']}"}
    operation = tenants.get_item(Key=key, ConsistentRead=True).get("Item")
    if not operation or operation.get("fenced_at"):
        raise Fenced("the operation was stopped")


def ask(method, path, body=None):
    headers = {"authorization": f"Bearer {token}"}
    answer = http.request(method, f"{os.environ['WEBSITES_URL']}/{path}", headers=headers, json=body)
    if answer.status >= 300:
        raise (Terminal if answer.status < 500 else Transient)(f"websites answered {answer.status}")
    return answer.json()


def register(tenant, params, owner):
    found = ask("GET", f"websites?tenant_id={quote(owner, safe='')}")["data"]
    for website in found:
        if website["tenant_id"] == owner:
            return website
    domain = f"{tenant['subdomain']}.{params['domain']}"
    body = {"name": tenant["name"], "domain": domain, "tenant_id": owner, "tier": tenant["plan"]["id"]}
    return ask("POST", "websites", body | {"subscription_id": None, "status": "active"})


def handle(event, context):
    operation, tenant, params = event["operation"], event["tenant"], event["params"]
    owner, now = f"{os.environ['DEPLOYMENT']}/{tenant['id']}", datetime.now(timezone.utc)
    until = (now + timedelta(milliseconds=context.get_remaining_time_in_millis())).isoformat()
    digest = hashlib.sha256(json.dumps([tenant, params], sort_keys=True).encode()).hexdigest()[:32]
    row = {
        "pk": tenant["id"], "sk": f"RESOURCE#{STEP}", "row_version": 1, "tenant": tenant["id"], "step": STEP, "state": "intended",
        "made_by": operation, "operation": operation, "handle": {"website": owner}, "input": digest,
        "destroyer": context.invoked_function_arn, "lease": {"holder": context.aws_request_id, "until": until}, "attempts": 1,
        "busy_ms": 0, "intended_at": now.isoformat(), "begun_at": now.isoformat(), "changed_at": now.isoformat(),
    }
    write(row, "attribute_not_exists(pk)")
    check_fence(event)
    clock = time.monotonic()
    output = {"id": register(tenant, params, owner)["id"]}
    check_fence(event)
    del row["lease"]
    at, busy = datetime.now(timezone.utc).isoformat(), int((time.monotonic() - clock) * 1000)
    live = {"row_version": 2, "state": "live", "output": output, "live_at": at, "changed_at": at, "busy_ms": busy}
    write(row | live, "row_version = :v", ExpressionAttributeValues={":v": 1})
    print(json.dumps({"step.name": STEP, "tenant.id": tenant["id"], "execution.id": operation, "message": "done"}))
    return output
