"""Holds the rights that functions have against those that the tests have used.

    python tests/rights/check.py [folder]

The folder has what `stack run --rights` wrote into it: `granted.txt` and `used.txt`, a right a line. `unused.txt` beside this file says
which are there although no test uses them, and why. What is printed can be put there as it is.
"""

import os
import sys
from pathlib import Path

EXCEPTIONS = Path(__file__).with_name("unused.txt")
CACHE = Path(os.environ.get("TENANTRY_CACHE", "~/.cache/tenantry")).expanduser()
USUAL = Path(os.environ.get("CARGO_TARGET_DIR", CACHE / "target")) / "rights"


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else USUAL
    granted, used = lines(folder / "granted.txt"), lines(folder / "used.txt")
    if not granted or not used:
        print(f"{folder}: nothing is written down there. Were roles enforced (AUTH)?")
        return 1
    excepted = lines(EXCEPTIONS)
    # By chance some are used that no test is sure to use.
    print("\n".join(f"used this time: {right}" for right in sorted(excepted & used)))
    problems = {
        "No test uses these. Take them out of the policies, test what they are for, or say in tests/rights/unused.txt why not:":
            granted - used - excepted,
        "Nobody has these, which are in tests/rights/unused.txt:": excepted - granted,
    }
    for heading, rights in problems.items():
        if rights:
            print("\n".join([heading, *sorted(rights)]), end="\n\n")
    print(f"{len(granted)} rights, {len(granted & used)} used by tests, {len(granted - used)} not")
    return 1 if any(problems.values()) else 0


def lines(file: Path) -> set[str]:
    text = file.read_text() if file.exists() else ""
    return {line for line in text.splitlines() if line and not line.startswith("#")}


if __name__ == "__main__":
    sys.exit(main())
