#!/usr/bin/env python3
"""What the machines of this folder call: it does as its payload says, as `function` in `bench.rs` does.

A custom runtime: the emulator's own for Python does not keep the names of errors. A task's token is logged, for the
test that ends the task as `then` says.
"""

import json
import os
import time
import urllib.request

INVOCATION = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"


def answer(event: dict) -> tuple[str, object]:
    print(json.dumps({"token": event.get("token"), "then": event.get("then")}), flush=True)
    time.sleep(event.get("takes", 0))
    if "fail" in event:
        return "error", {"errorType": event["fail"], "errorMessage": event.get("cause", "")}
    return "response", "x" * event["large"] if "large" in event else event.get("say")


while True:
    with urllib.request.urlopen(f"{INVOCATION}/next") as invocation:
        call = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
        kind, body = answer(json.load(invocation))
    urllib.request.urlopen(f"{INVOCATION}/{call}/{kind}", json.dumps(body).encode()).close()
