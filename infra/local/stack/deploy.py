"""Deploys the root template, as CloudFormation stacks on the emulator.

On AWS the root is one stack with nested ones. The emulator neither translates SAM in a nested stack nor keeps the
attributes of its unchanged resources over an update, so here each nested stack is deployed as a stack of its own,
in the order their outputs are needed, and the root's own expressions are evaluated by `template.Scope`.
"""

import hashlib
import json
import time
from graphlib import TopologicalSorter
from pathlib import Path

from botocore.exceptions import ClientError

import template as templates
from package import BUCKET, Bucket, Packages, package
from record import Record
from servers import REGION

CAPABILITIES = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


def deploy(root: Path, given: dict[str, str], packages: Packages, record: Record, cloudformation, s3) -> None:
    """Brings every nested stack up to date and records the root's outputs."""
    template = templates.read(root)
    name = f"tenantry-{record.deployment}"
    pseudo = {
        "AWS::Region": REGION,
        "AWS::Partition": "aws",
        "AWS::AccountId": "000000000000",
        "AWS::StackName": name,
        "AWS::URLSuffix": "amazonaws.com",
    }
    scope = templates.Scope(template, given, pseudo)
    nested = _nested(template, scope)
    bucket = Bucket(s3)
    for logical_id in _order(nested):
        properties = nested[logical_id]["Properties"]
        body = package(root.parent / properties["Location"], packages, bucket)
        parameters = scope.evaluate(properties.get("Parameters", {}))
        outputs = _bring_up(f"{name}-{logical_id}", body, parameters, bucket, record, cloudformation)
        scope.attributes |= {f"{logical_id}.Outputs.{key}": value for key, value in outputs.items()}
    bucket.delete_unnamed()
    record.outputs = {
        key: scope.evaluate(output["Value"])
        for key, output in template.get("Outputs", {}).items()
        if "Condition" not in output or scope.holds(output["Condition"])
    }
    record.save()


def _nested(template: dict, scope: templates.Scope) -> dict[str, dict]:
    nested = {}
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] not in ("AWS::Serverless::Application", "AWS::CloudFormation::Stack"):
            raise SystemExit(f"{logical_id} in the root template is a {resource['Type']}: only nested stacks go there")
        if "Condition" not in resource or scope.holds(resource["Condition"]):
            nested[logical_id] = resource
    return nested


def _order(nested: dict[str, dict]):
    def needs(resource: dict) -> set[str]:
        explicit = resource.get("DependsOn", [])
        explicit = {explicit} if isinstance(explicit, str) else set(explicit)
        return (templates.names_in(resource["Properties"].get("Parameters", {})) | explicit) & nested.keys()

    return TopologicalSorter({name: needs(resource) for name, resource in nested.items()}).static_order()


def _bring_up(name: str, body: dict, parameters: dict, bucket: Bucket, record: Record, cloudformation) -> dict:
    """Creates or updates one stack, and nothing when neither template nor parameters changed."""
    text = json.dumps(body)
    digest = hashlib.sha256(f"{text}{json.dumps(parameters, sort_keys=True)}".encode()).hexdigest()
    key = f"{name}-{digest[:16]}.template.json"
    bucket.put(key, lambda: text.encode())
    stack = _describe(name, cloudformation)
    if stack and record.deployed.get(name) == {"id": stack["StackId"], "digest": digest}:
        return _outputs(stack)

    request = {
        "StackName": name,
        "TemplateURL": f"{record.emulator_url}/{BUCKET}/{key}",
        "Parameters": [{"ParameterKey": k, "ParameterValue": str(v)} for k, v in parameters.items()],
        "Capabilities": CAPABILITIES,
    }
    start = time.monotonic()
    try:
        if stack:
            stack_id = cloudformation.update_stack(**request)["StackId"]
        else:
            stack_id = cloudformation.create_stack(**request, OnFailure="DELETE")["StackId"]
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise SystemExit(f"{name}: {error.response['Error']['Message']}") from None
        stack_id = stack["StackId"]
    stack = _settled(stack_id, cloudformation)
    if stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise SystemExit(_failure(stack, cloudformation))
    print(f"{name}: {stack['StackStatus']} in {time.monotonic() - start:.1f} s", flush=True)
    record.deployed[name] = {"id": stack_id, "digest": digest}
    record.save()
    return _outputs(stack)


def _describe(name: str, cloudformation) -> dict | None:
    try:
        return cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def _settled(stack_id: str, cloudformation) -> dict:
    while True:
        stack = cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]
        status = stack["StackStatus"]
        # The clean-up after an update only deletes what was replaced.
        if not status.endswith("_IN_PROGRESS") or status == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS":
            return stack | {"StackStatus": status.replace("_CLEANUP_IN_PROGRESS", "")}
        time.sleep(0.05)


def _failure(stack: dict, cloudformation) -> str:
    events = cloudformation.describe_stack_events(StackName=stack["StackId"])["StackEvents"]
    failed = [
        f"  {event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', '')}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("_FAILED")
    ]
    heading = f"{stack['StackName']} ended in {stack['StackStatus']}: {stack.get('StackStatusReason', '')}"
    return "\n".join([heading, *failed])


def _outputs(stack: dict) -> dict[str, str]:
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
