"""What is known about a stack between two commands: one JSON file in its directory."""

import fcntl
import json
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass
class Record:
    directory: Path
    deployment: str
    emulator: dict | None = None
    sandbox: dict | None = None
    emulator_url: str | None = None
    # The build the running sandbox was started from.
    sandbox_built: int | None = None
    # front, aws, control, clouds; their ports are kept over a restart.
    urls: dict[str, str] = field(default_factory=dict)
    # What was last deployed, by CloudFormation stack: its id there and a digest of template and parameters.
    deployed: dict[str, dict] = field(default_factory=dict)
    # The catalogue that was last applied: a digest of its files and of the table it went into.
    catalogue: str | None = None
    outputs: dict[str, str] = field(default_factory=dict)
    # The real servers that were asked for, by name: their ports, which are kept over a restart, and their processes.
    peers: dict[str, dict] = field(default_factory=dict)

    @classmethod
    def load(cls, directory: Path, deployment: str) -> "Record":
        directory.mkdir(parents=True, exist_ok=True)
        file = directory / "record.json"
        known = json.loads(file.read_text()) if file.exists() else {"deployment": deployment}
        return cls(directory=directory, **known)

    def save(self) -> None:
        known = asdict(self)
        del known["directory"]
        partial = self.directory / "record.partial"
        partial.write_text(json.dumps(known, indent=2))
        partial.rename(self.directory / "record.json")
        self.outputs_file.write_text(json.dumps(self.outputs, indent=2))

    @property
    def outputs_file(self) -> Path:
        return self.directory / "outputs.json"


@contextmanager
def alone(directory: Path):
    """One command at a time in a directory; the next one waits."""
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
