"""What only the stand-in has: it takes as long as it is told to, and fails as it is told to. Both are said in files of the
bench's directory."""

import configparser
import errno
import fcntl
import json
import os
import signal
import sys
import time
from pathlib import Path

import pymysql

import frappe

HOWS = ("no-space", "access-denied", "exists", "crash", "hang")
STEPS = 20


def bench() -> Path:
    """Commands run in its folder of sites."""
    return Path.cwd().parent


def seconds(command: str, app: str | None = None) -> float:
    pace = configparser.ConfigParser()
    pace.read(bench() / "pace.ini")
    scale = pace.getfloat("pace", "scale", fallback=1.0)
    usual = pace.getfloat("seconds", command, fallback=0.2)
    return scale * pace.getfloat("seconds", f"{command} {app}", fallback=usual)


def failure(command: str, app: str | None = None) -> str | None:
    """How this command is to fail, this time. Each of them is said so many times."""
    file = bench() / "fail.json"
    try:
        with open(bench() / "fail.lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            told = json.loads(file.read_text())
            faults = told if isinstance(told, list) else [told]
            for fault in faults:
                if fault["command"] != command or fault.get("app") not in (None, app) or fault.get("times", 1) < 1:
                    continue
                fault["times"] = fault.get("times", 1) - 1
                partial = file.with_suffix(".partial")
                partial.write_text(json.dumps(faults))
                partial.rename(file)
                if fault["how"] not in HOWS:
                    raise SystemExit(f"fail.json: how is one of {', '.join(HOWS)}")
                return fault["how"]
    except FileNotFoundError:
        pass
    return None


def work(label: str, length: float, how: str | None = None, path: str = "") -> None:
    """Takes its time, with a bar. What is to fail does so half way."""
    for step in range(1, STEPS + 1):
        time.sleep(length / STEPS)
        bar = "=" * (40 * step // STEPS)
        print(f"\r{label:<36}: [{bar:<40}] {100 * step // STEPS}%", end="", flush=True)
        if step == STEPS // 2:
            fail(how, path)
    print(flush=True)


def fail(how: str | None, path: str = "", user: str = "") -> None:
    if how == "no-space":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
    if how == "access-denied":
        user = user or frappe.conf.db_name
        raise pymysql.err.OperationalError(1045, f"Access denied for user '{user}'@'127.0.0.1' (using password: YES)")
    if how == "crash":
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    while how == "hang":
        time.sleep(3600)
