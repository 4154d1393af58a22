"""Writes what a bench has measured into docs/PERFORMANCE.md: a table of each group of rows, between its marks.

    python tests/bench/document.py <target folder>/bench/report.json
"""

import json
import re
import sys
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "PERFORMANCE.md"


def figure(value: float | None) -> str:
    if value is None:
        return ""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.1f}"


def table(rows: list[dict]) -> str:
    lines = ["| | value | against | | ratio | at most | |", "|---|---:|---|---:|---:|---:|---|"]
    for row in rows:
        held = row["peer"] is not None
        cells = [
            row["name"],
            f"{figure(row['value'])} {row['unit']}".strip(),
            row["peer"] if held else "",
            f"{figure(row['peer_value'])} {row['unit']}".strip() if held else "",
            f"{row['ratio']:.2f}" if held else "",
            f"{row['target']:.2f}" if held else "",
            ("met" if row["met"] else "**missed**") if held else "shown apart",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    report = json.loads(Path(sys.argv[1]).read_text())
    text = DOCUMENT.read_text()
    for name in dict.fromkeys(row["rows"] for row in report):
        rows = table([row for row in report if row["rows"] == name])
        marked = re.compile(rf"<!-- {name} -->.*?<!-- end -->", re.DOTALL)
        if not marked.search(text):
            raise SystemExit(f"{DOCUMENT.name} has no place for {name}: <!-- {name} --> ... <!-- end -->")
        text = marked.sub(lambda _: f"<!-- {name} -->\n{rows}\n<!-- end -->", text)
    DOCUMENT.write_text(text)


if __name__ == "__main__":
    main()
