"""The two servers of a stack: the AWS emulator, and the sandbox in front of it."""

import http.client
import json
import os
import shutil
import sys
import urllib.error
import urllib.request
from pathlib import Path

import accounts
import processes
from record import Record

REGION = "us-east-1"
CONTRACT = Path(__file__).resolve().parents[3] / "tests/contract/specs"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def ensure(record: Record, sandbox: Path, throw_away: bool) -> None:
    """Both run afterwards. What runs already is left alone, except for a sandbox built anew since."""
    built = sandbox.stat().st_mtime_ns
    emulator_runs, sandbox_runs = processes.alive(record.emulator), processes.alive(record.sandbox)
    if emulator_runs and sandbox_runs and record.sandbox_built == built:
        return
    if not emulator_runs:
        if record.emulator:
            # It was killed, and comes back as it was at its last graceful stop: all may have to be deployed again.
            record.deployed, record.catalogue = {}, None
            if not (record.directory / "state" / "cloudformation.json").exists():
                # There was no such stop: of the first stack only its objects are left, which nobody owns.
                shutil.rmtree(record.directory / "s3", ignore_errors=True)
        # Code it unpacked for the workers.
        shutil.rmtree(record.directory / "tmp", ignore_errors=True)
        port = processes.free_port(_port(record.emulator_url))
        record.emulator_url = f"http://127.0.0.1:{port}"
    processes.stop(record.sandbox)
    _start_sandbox(record, sandbox, throw_away)
    record.sandbox_built = built
    if not emulator_runs:
        _start_emulator(record, throw_away)


def stop(record: Record) -> None:
    processes.stop(record.emulator)
    processes.stop(record.sandbox)
    record.emulator = record.sandbox = None


def _start_sandbox(record: Record, binary: Path, throw_away: bool) -> None:
    ready = record.directory / "sandbox.json"
    ready.unlink(missing_ok=True)
    command = [str(binary), "--emulator", record.emulator_url, "--ready", str(ready)]
    command += ["--credentials", str(accounts.credentials(record.directory)), "--contract", str(CONTRACT)]
    command += ["--pace", os.environ.get("CLOUD_PACE", "0.1" if throw_away else "1")]
    for name, url in record.urls.items():
        command += [f"--{name}-port", str(processes.free_port(_port(url)))]
    record.sandbox = processes.start(command, _scrubbed(record), record.directory / "sandbox.log", throw_away)
    record.save()
    processes.wait(lambda: ready.exists(), record.sandbox, record.directory / "sandbox.log", "the sandbox")
    record.urls = json.loads(ready.read_text())
    record.save()


def _start_emulator(record: Record, throw_away: bool) -> None:
    kept = "0" if throw_away else "1"
    env = _scrubbed(record) | {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(_port(record.emulator_url)),
        "MINISTACK_HOST": "localhost",
        "MINISTACK_REGION": REGION,
        # Functions inherit it: their AWS is the sandbox's, which can be told to fail.
        "AWS_ENDPOINT_URL": record.urls["aws"],
        # The functions' roles are enforced, as on AWS.
        "AUTH": os.environ.get("AUTH", "true"),
        "LOG_LEVEL": "WARNING",
        "PERSIST_STATE": kept,
        "S3_PERSIST": kept,
        "STATE_DIR": _directory(record, "state"),
        "S3_DATA_DIR": _directory(record, "s3"),
        # Listeners on fixed ports that nobody here needs.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "SFN_WAIT_SCALE": os.environ.get("SFN_WAIT_SCALE", "0.1" if throw_away else "1"),
        "PYTHONPATH": str(Path(__file__).parent / "server"),
        "RIGHTS_USED": str(record.directory / "rights-used.txt"),
    }
    _rewind_streams(record.directory / "state" / "lambda.json")
    command = [sys.executable, "-m", "ministack.app"]
    record.emulator = processes.start(command, env, record.directory / "emulator.log", throw_away)
    record.save()
    log = record.directory / "emulator.log"
    processes.wait(lambda: _answers(f"{record.emulator_url}/_ministack/ready"), record.emulator, log, "the emulator")


def _rewind_streams(state: Path) -> None:
    """The emulator keeps how far a function has read a table's stream, but not the stream: after a restart the
    first records would count as read already."""
    if not state.exists():
        return
    saved = json.loads(state.read_text())
    positions = saved["payload"]["dynamodb_stream_positions"]["data"]
    positions |= dict.fromkeys(positions, 0)
    state.write_text(json.dumps(saved))


def _scrubbed(record: Record) -> dict[str, str]:
    """Functions inherit the emulator's environment: nothing of the caller's, least of all credentials, gets in."""
    home = _directory(record, "tmp")
    return {"PATH": os.environ["PATH"], "HOME": home, "TMPDIR": home, "LANG": "C.UTF-8"}


def _directory(record: Record, name: str) -> str:
    path = record.directory / name
    path.mkdir(exist_ok=True)
    return str(path)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, http.client.HTTPException, OSError):
        return False


def _port(url: str | None) -> int | None:
    return int(url.rsplit(":", 1)[1]) if url else None
