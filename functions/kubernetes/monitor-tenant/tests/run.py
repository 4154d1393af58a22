"""The alert rules by `promtool`: each case of cases.json holds for ours; the guide's own rules fail where it says so.

    python functions/kubernetes/monitor-tenant/tests/run.py
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
VALUES = {"namespace": "e-commerce-acme-7f3a9c", "tenant": "acme-7f3a9c", "name": "Acme", "tier": "premium"}
VERDICT = "the guide's rules fail"


def rendered(template: str) -> dict:
    """As the step renders it: values between two braces, and what is raw as it is."""
    parts = re.split(r"{% raw %}(.*?){% endraw %}", template)
    for at in range(0, len(parts), 2):
        parts[at] = re.sub(r"{{ (\w+) }}", lambda found: VALUES[found[1]], parts[at])
    return json.loads("".join(parts))


def promtool(*arguments: str, cwd: str) -> subprocess.CompletedProcess:
    return subprocess.run(["promtool", *arguments], cwd=cwd, capture_output=True, text=True)


def holds(case: dict, rules: dict, folder: str) -> tuple[bool, str]:
    """Whether exactly the alerts that are expected fire, whatever they say; and what promtool said."""
    # promtool compares annotations, too; what an alert says is no part of a case.
    rules = json.loads(json.dumps(rules))
    for rule in rules["groups"][0]["rules"]:
        rule.pop("annotations")
    tests = [
        {
            "eval_time": test["eval_time"],
            "alertname": test["alertname"],
            "exp_alerts": [{"exp_labels": labels} for labels in test["fires"]],
        }
        for test in case["alert_rule_test"]
    ]
    case = {key: value for key, value in case.items() if key != VERDICT} | {"alert_rule_test": tests}
    Path(folder, "rules.json").write_text(json.dumps(rules))
    suite = {"rule_files": ["rules.json"], "evaluation_interval": "30s", "tests": [case]}
    Path(folder, "case.json").write_text(json.dumps(suite))
    run = promtool("test", "rules", "case.json", cwd=folder)
    return run.returncode == 0, run.stdout + run.stderr


def expressions(dashboard: dict) -> dict:
    """The queries of a dashboard's panels, as rules: so that promtool reads them."""
    targets = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    rules = [{"record": f"panel:{n}", "expr": expr} for n, expr in enumerate(targets)]
    return {"groups": [{"name": "dashboard", "rules": rules}]}


def main() -> int:
    ours = rendered((HERE.parent / "rules.json").read_text())
    guide = rendered((HERE / "guide.json").read_text())
    dashboard = rendered((HERE.parents[2] / "grafana" / "create-organisation" / "dashboard.json").read_text())
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, rules in [("rules", ours), ("guide", guide), ("dashboard", expressions(dashboard))]:
            Path(folder, f"{name}.json").write_text(json.dumps(rules))
            check = promtool("check", "rules", f"{name}.json", cwd=folder)
            if check.returncode:
                print(check.stdout + check.stderr)
                failures += 1
        for case in json.loads((HERE / "cases.json").read_text()):
            good, said = holds(case, ours, folder)
            guide_fails = not holds(case, guide, folder)[0]
            print(f"{'ok  ' if good else 'FAIL'} {case['name']}{' (the guide: no)' if guide_fails else ''}")
            if not good:
                print(said)
                failures += 1
            if guide_fails != case[VERDICT]:
                print(f"     the guide's rules {'fail' if guide_fails else 'hold'}, and cases.json says otherwise")
                failures += 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
