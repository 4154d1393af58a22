"""From the command line to one answer. A module is imported where it is needed: most requests only look."""

import os
import signal
import sys

from tenantry_bench_host.outcome import Refused

CONFIGURATION = "/etc/tenantry-bench-host.ini"
USAGE = "usage: bench-host --deployment NAME [--config FILE] | bench-host tend [--config FILE]"
LONGEST = 6 * 1024 * 1024
# A client that does not send its request is not waited for.
PATIENCE = 60


def main(arguments: list[str]) -> int:
    given = _given(arguments)
    if given is None:
        print(USAGE, file=sys.stderr)
        return 64
    # What we write is ours alone, but for what is given out on purpose.
    os.umask(0o077)
    from tenantry_bench_host import configuration

    if given["tend"]:
        from tenantry_bench_host import tend

        return tend.tend(configuration.read(given["config"]))
    import json

    try:
        answer = _answer(given)
    except Refused as refused:
        answer = refused.answer()
    # ASCII only: no control character and no other alphabet reaches a log as such.
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    return 0


def _answer(given: dict) -> dict:
    from tenantry_bench_host import answer, configuration, request

    signal.alarm(PATIENCE)
    asked = request.parse(sys.stdin.buffer.read(LONGEST + 1), LONGEST, given["deployment"])
    signal.alarm(0)
    return answer.answer(configuration.read(given["config"]), asked)


def _given(arguments: list[str]) -> dict | None:
    given = {"tend": False, "config": CONFIGURATION, "deployment": None}
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "tend":
            given["tend"] = True
        elif word in ("--deployment", "--config") and rest:
            given[word[2:]] = rest.pop(0)
        else:
            return None
    return given if given["tend"] or given["deployment"] else None
