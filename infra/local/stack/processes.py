"""Processes of ours: started apart from the terminal, known by pid and start time, ended by pid only."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path


def start(command: list[str], env: dict[str, str], log: Path, dies_with_us: bool, **more) -> dict:
    """Starts `command` in a session of its own, so that an interrupt in the terminal is ours to pass on. `more` is for `Popen`."""
    with open(log, "ab") as output:
        process = subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_end_with_parent if dies_with_us and sys.platform == "linux" else None,
            **more,
        )
    return {"pid": process.pid, "started": _start_time(process.pid)}


def alive(process: dict | None) -> bool:
    """Whether it still runs, and is not another one that was given the same pid."""
    if not process:
        return False
    runs = process["started"] != "" and _start_time(process["pid"]) == process["started"]
    if not runs:
        try:
            os.waitpid(process["pid"], os.WNOHANG)
        except ChildProcessError:
            pass  # Started by an earlier command, and not ours to bury.
    return runs


def stop(process: dict | None, patience: float = 60) -> None:
    """Asks it to end and waits: the emulator writes its state before it goes."""
    if not alive(process):
        return
    os.kill(process["pid"], signal.SIGTERM)
    deadline = time.monotonic() + patience
    while alive(process):
        if time.monotonic() > deadline:
            os.kill(process["pid"], signal.SIGKILL)
        time.sleep(0.05)


def wait(ready, process: dict, log: Path, name: str) -> None:
    """Until it is ready; one that ends before, or never is, is told of with the end of its log."""
    deadline = time.monotonic() + 60
    while not ready():
        if not alive(process) or time.monotonic() > deadline:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
            raise SystemExit(f"{name} did not start; the end of {log}:\n{tail}")
        time.sleep(0.03)


def free_port(wanted: int | None = None) -> int:
    """`wanted` when nobody has it, so that URLs stay; any other free port otherwise."""
    for port in (wanted, 0):
        if port is None:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise OSError("no free port on the loopback interface")


def _start_time(pid: int) -> str:
    """Empty when there is no such process."""
    answer = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True)
    state, _, started = answer.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else started.strip()


def _end_with_parent() -> None:
    """A throw-away stack must not outlive us even when we are killed without a word."""
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)
