"""What the machines of this folder call: it does as its payload says. `stub.rs` is the same for the simulation.

A task's token is logged, for the test that ends the task as `then` says.
"""

import json
import time


def handler(event, context):
    print(json.dumps({"token": event.get("token"), "then": event.get("then")}), flush=True)
    time.sleep(event.get("takes", 0))
    if "fail" in event:
        raise type(event["fail"], (Exception,), {})(event.get("cause", ""))
    return "x" * event["large"] if "large" in event else event.get("say")
