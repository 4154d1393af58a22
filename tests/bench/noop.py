#!/usr/bin/env python3
"""A function that does nothing, for what the emulator takes by itself. It says a word: a silent one is waited for longer."""

import os
import urllib.request

INVOCATION = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"

while True:
    with urllib.request.urlopen(f"{INVOCATION}/next") as invocation:
        call = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
        invocation.read()
    print("nothing", flush=True)
    urllib.request.urlopen(f"{INVOCATION}/{call}/response", b"null").close()
