"""Prints what a stage's functions are built for: as its parameters in samconfig.toml say, or as the template does."""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

stage = tomllib.loads((ROOT / "samconfig.toml").read_text())[sys.argv[1]]
given = dict(parameter.split("=", 1) for parameter in stage["global"]["parameters"]["parameter_overrides"])
usual = re.search(r"^  Architecture:\n    Type: String\n    Default: (\w+)$", (ROOT / "template.yaml").read_text(), re.M)
print(given.get("Architecture", usual[1]))
