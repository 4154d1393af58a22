"""A task is done once under a key, in a process of its own that needs no connection. Whether it runs is told by a lock alone.

jobs/<name>/<task>[.<app>]/<key>/<attempt>/
    request.json  what was asked, without secrets
    state.json    when it began
    lock          held by the runner and the programs it starts, for as long as any of them lives
    log           what they said
    result.json or failure.json
running/<name>.<kind>   the last job begun for a name and a kind: the only one that can be running
"""

import contextlib
import errno
import fcntl
import os
import shutil
import signal
import time

from tenantry_bench_host import disk, marks, moment, request
from tenantry_bench_host.outcome import Failed, Refused

ATTEMPTS = 3
# These make an end of the thing: whatever else is being done to it is ended first.
ENDING = {"drop-site", "withdraw", "delete-certificate"}
GRACE = 5
# How long what was done is kept of who is gone: a repeat that late finds that there is nothing to do.
KEPT = 30 * 24 * 3600
# Of one that neither runs nor ended.
INTERRUPTED = {
    "failure": Failed("interrupted", "it ended without a word: its process was killed, or the host went down").record()
}


class Attempt:
    """One try at a job, as it stands on the disk."""

    def __init__(self, folder: str):
        self.folder = folder
        self.number = int(os.path.basename(folder))
        self.asked = disk.read(f"{folder}/request.json") or {}

    def task(self) -> str:
        return self.asked.get("task", "a job")

    def lock(self) -> str:
        return f"{self.folder}/lock"

    def running(self) -> bool:
        return not self.ended() and disk.held(self.lock())

    def ended(self) -> bool:
        return any(os.path.exists(f"{self.folder}/{end}.json") for end in ("result", "failure"))

    def describe(self) -> dict:
        # First of all: of one that does not run, all that it wrote is there.
        running = self.running()
        begun = disk.read(f"{self.folder}/state.json") or {}
        result = None if running else disk.read(f"{self.folder}/result.json")
        failure = None if running or result else disk.read(f"{self.folder}/failure.json") or INTERRUPTED
        return _job(
            self.task(),
            "running" if running else "done" if result else "failed",
            attempt=self.number,
            begun_at=begun.get("begun_at"),
            ended_at=(result or failure or {}).get("ended_at"),
            result=result["result"] if result else None,
            failure=failure["failure"] if failure else None,
        )


def run(configuration, asked: dict) -> dict:
    """Begins the task or finds it, waits a while for its end, and says how it stands."""
    deadline = time.monotonic() + asked["wait"]
    marks.hold(configuration, request.kind_of(asked["task"]), asked["name"], asked["owner"])
    try:
        while True:
            with disk.lock(_guard(configuration, asked)) as guard:
                job, attempt = _stand(configuration, asked, guard)
            # What runs is waited for without the guard: others may ask meanwhile.
            while attempt and attempt.running() and time.monotonic() < deadline:
                time.sleep(0.03)
            if attempt:
                job = attempt.describe()
            if job["state"] != "waiting" or time.monotonic() >= deadline:
                return job
            time.sleep(0.2)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        full = Failed("no-space", "the agent's own folder: no space left on device")
        return _job(asked["task"], "failed", failure=full.record())


def _stand(configuration, asked: dict, guard: int) -> tuple[dict, Attempt | None]:
    """How the job stands, with the attempt that runs if it is to be waited for."""
    attempts = _attempts(_folder(configuration, asked))
    latest = attempts[-1] if attempts else None
    same = latest is not None and latest.asked["input"] == asked["input"]
    if latest and latest.running():
        return (latest.describe(), latest) if same else (_waits(asked, latest, latest.task()), None)
    if latest and same:
        job = latest.describe()
        tried = [attempt for attempt in attempts if attempt.asked["input"] == asked["input"]]
        if job["state"] == "done" or not job["failure"]["again"] or len(tried) >= ATTEMPTS:
            return job, None
    if (other := _pointed_to(configuration, asked)) and other.running():
        if asked["task"] not in ENDING:
            return _waits(asked, latest, other.task()), None
        end(other)
    begun = _begin(configuration, asked, latest.number + 1 if latest else 1, guard)
    return begun.describe(), begun


def end(attempt: Attempt) -> None:
    """Ends the runner and its programs, with all that these started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + GRACE
        while disk.held(attempt.lock()) and time.monotonic() < deadline:
            for group in _groups(attempt):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(group, number)
            time.sleep(0.1)
    if disk.held(attempt.lock()):
        raise Refused("misconfigured", f"{attempt.task()}: its processes cannot be ended")


def _groups(attempt: Attempt) -> set[int]:
    """The process groups of whoever holds the lock: a program may have started others that do not."""
    groups = set()
    for pid in disk.holders(attempt.lock()):
        with contextlib.suppress(ProcessLookupError):
            groups.add(os.getpgid(pid))
    return groups - {os.getpgid(0)}


def _begin(configuration, asked: dict, number: int, guard: int) -> Attempt:
    from tenantry_bench_host import runner

    folder = f"{_folder(configuration, asked)}/{number}"
    # Made beside and renamed: an attempt that is seen has its request.
    making = f"{_folder(configuration, asked)}/.{number}"
    os.makedirs(making, exist_ok=True)
    known = {field: asked[field] for field in ("name", "owner", "key", "task", "input")}
    disk.replace(f"{making}/request.json", known)
    disk.replace(f"{making}/state.json", {"begun_at": moment.now()})
    lock = os.open(f"{making}/lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        disk.replace(_pointer(configuration, asked), folder)
        os.rename(making, folder)
        runner.detach(configuration, asked, folder, lock, guard)
    finally:
        os.close(lock)
    return Attempt(folder)


def _attempts(folder: str) -> list[Attempt]:
    try:
        numbers = sorted(int(entry) for entry in os.listdir(folder) if entry.isdigit())
    except FileNotFoundError:
        return []
    return [Attempt(f"{folder}/{number}") for number in numbers]


def find(configuration, name: str, task: str, key: str) -> list[Attempt]:
    return _attempts(f"{configuration.state}/jobs/{name}/{task}/{key}")


def forget_gone(configuration) -> None:
    """The records of names of which nothing is left, and nothing was asked for long."""
    folder = f"{configuration.state}/jobs"
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        with contextlib.suppress(TimeoutError), contextlib.ExitStack() as guards:
            for kind in request.KINDS:
                guards.enter_context(disk.lock(f"{configuration.state}/guards/{name}.{kind}", 0))
            if not any(marks.read(configuration, kind, name) for kind in request.KINDS) and _rests(f"{folder}/{name}"):
                for kind in request.KINDS:
                    disk.remove(f"{configuration.state}/running/{name}.{kind}")
                shutil.rmtree(f"{folder}/{name}")


def _rests(folder: str) -> bool:
    newest = max(os.stat(f"{at}/{file}").st_mtime for at, _, files in os.walk(folder) for file in [*files, "."])
    return time.time() - newest > KEPT


def _pointed_to(configuration, asked: dict) -> Attempt | None:
    try:
        with open(_pointer(configuration, asked), encoding="utf-8") as file:
            folder = file.read()
    except FileNotFoundError:
        return None
    return Attempt(folder) if os.path.isdir(folder) else None


def _folder(configuration, asked: dict) -> str:
    task = ".".join([asked["task"], *filter(None, [asked["input"].get("app")])])
    return f"{configuration.state}/jobs/{asked['name']}/{task}/{asked['key']}"


def _pointer(configuration, asked: dict) -> str:
    return f"{configuration.state}/running/{asked['name']}.{request.kind_of(asked['task'])}"


def _guard(configuration, asked: dict) -> str:
    return f"{configuration.state}/guards/{asked['name']}.{request.kind_of(asked['task'])}"


def _waits(asked: dict, latest: Attempt | None, busy_with: str) -> dict:
    return _job(asked["task"], "waiting", attempt=latest.number if latest else 0, busy_with=busy_with)


def _job(task: str, state: str, **more) -> dict:
    job = {"task": task, "state": state, "attempt": 0, "begun_at": None, "ended_at": None}
    return job | {"result": None, "failure": None, "busy_with": None} | more
