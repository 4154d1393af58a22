"""The provider sandbox in a process of its own: its ports, its credentials, and what one can ask of it."""

import json
import os
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import accounts
import processes

ROOT = Path(__file__).resolve().parents[3]
SPECS = ROOT / "tests/contract/specs"
# Everything that is asynchronous takes a tenth of its time.
PACE = 0.1


@dataclass
class Sandbox:
    """Where it listens, and whom it lets in."""

    clouds: str
    control: str
    neon_key: str = field(repr=False)
    cloudflare_token: str = field(repr=False)
    minio: dict = field(repr=False)
    google_key: dict = field(repr=False)

    def ask(self, method: str, path: str, body=None):
        """A call on its own API."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.control + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
            return json.loads(text) if text else None

    def contract(self) -> dict:
        """What came of holding every call against the providers' documents."""
        return self.ask("GET", "/_contract")

    def kinds_of(self, owner: str) -> list[str]:
        """What exists that carries the owner's name or mark."""
        return [thing["kind"] for thing in self.ask("GET", f"/_inventory?tenant={owner}")]

    @contextmanager
    def pace(self, pace: float):
        """As slow as that for a while: 1 is the real clouds."""
        self.ask("PUT", "/_pace", {"pace": pace})
        try:
            yield
        finally:
            self.ask("PUT", "/_pace", {"pace": PACE})


@contextmanager
def running(directory: Path):
    """On free ports, with credentials that nobody had before; it ends with the block, and with us if we are killed."""
    lets_in, ready, log = accounts.credentials(directory), directory / "ready.json", directory / "log"
    binary = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target") / "debug/sandbox"
    # These clients call no AWS: nothing listens there.
    command = [str(binary), "--emulator", "http://127.0.0.1:9", "--ready", str(ready), "--pace", str(PACE)]
    command += ["--credentials", str(lets_in), "--contract", str(SPECS)]
    process = processes.start(command, {}, log, dies_with_us=True)
    try:
        deadline = time.monotonic() + 60
        while not ready.exists():
            if not processes.alive(process) or time.monotonic() > deadline:
                raise RuntimeError(f"the sandbox did not start:\n{log.read_text(errors='replace')}")
            time.sleep(0.02)
        urls, held = json.loads(ready.read_text()), json.loads(lets_in.read_text())
        google = json.loads(accounts.keys(directory, "contract", urls["clouds"])["contract/providers/google"])
        keys = held["neon_key"], held["cloudflare_token"], held["minio"], google
        yield Sandbox(urls["clouds"], urls["control"], *keys)
    finally:
        processes.stop(process, patience=5)
