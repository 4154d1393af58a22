"""Every chart by Helm's own linter, and what it renders of each file in its ci/ by Kubernetes' own schemas.

    python infra/local/charts/check.py
"""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
HELM = os.environ.get("HELM", "helm")
VALIDATE = ["kubernetes-validate", "--quiet", "--strict", "-k", "1.36", "-"]


def run(command: list[str], given: str | None = None) -> str:
    """What a command says; if it fails, what it complains of is all that is said."""
    done = subprocess.run(command, input=given, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    for chart in sorted(path.parent for path in HERE.glob("*/Chart.yaml")):
        for values in sorted(chart.glob("ci/*.yaml")):
            run([HELM, "lint", "--strict", str(chart), "--values", str(values)])
            template = [HELM, "template", "workshop", str(chart), "--namespace", "acme", "--values", str(values)]
            run(VALIDATE, run(template))


if __name__ == "__main__":
    main()
