"""Removes each safeguard in turn, and expects `make faults` to notice.

All mutants are built at once, in a copy of the repository: each sits behind a question for its name, and one run
asks for one name. A run that asks for none must find nothing, so the copy is otherwise the product.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

from mutants import CONDITIONS, MACHINES, MUTANTS, SURVIVORS

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENOUGH = 0.95


def change(copy, file, old, new):
    path = copy / file
    text = path.read_text()
    if text.count(old) != 1:
        sys.exit(f"{file}: found {text.count(old)} times, not once: {old!r}")
    path.write_text(text.replace(old, new))


def asked(name):
    return f'(std::env::var("MUTANT").as_deref() == Ok("{name}"))'


def run(copy, mutant):
    environment = dict(os.environ, MUTANT=mutant, STOP="1", SEEDS=os.environ.get("SEEDS") or "300")
    # Apart from the product's own build, which must never be one of these.
    environment["CARGO_TARGET_DIR"] = os.path.join(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"), "mutations")
    environment.pop("CASE", None)
    command = ["cargo", "test", "--quiet", "--profile", "faults", "--package", "sagas", "--test", "faults"]
    return subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)


def what_told(output):
    lines = output.splitlines()
    cases = [index for index, line in enumerate(lines) if "make faults CASE=" in line]
    if not cases:
        return "the run itself broke"
    case, found = lines[cases[0]], lines[cases[0] + 1]
    return f"{found.strip()[:100]}\n{'':>12}{case.strip()}"


def main():
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder)
        archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", copy], input=archive, check=True)
        for name, file, old, new in MUTANTS:
            change(copy, file, old, new.replace("MUTANT", asked(name)) if name else new)
        plain = run(copy, "none")
        if plain.returncode:
            broken = [part for part in plain.stderr.split("\n\n") if part.lstrip().startswith("error")]
            told = "\n\n".join([plain.stdout[-3000:], *broken])
            sys.exit(f"without a mutant something is wrong already:\n{told}")
        print(plain.stdout.splitlines()[-1], flush=True)
        names = dict.fromkeys([name for name, *_ in MUTANTS if name] + [name for name, *_ in MACHINES])
        names.update(dict.fromkeys(CONDITIONS))
        caught, explained, survived = 0, 0, 0
        for name in names:
            if sys.argv[1:] and name not in sys.argv[1:]:
                continue
            begun = time.monotonic()
            machines = [machine for machine in MACHINES if machine[0] == name]
            kept = {file: (copy / file).read_text() for _, file, *_ in machines}
            for _, file, old, new in machines:
                text = (copy / file).read_text()
                if old not in text:
                    sys.exit(f"{file}: not found: {old!r}")
                (copy / file).write_text(text.replace(old, new))
            done = run(copy, name)
            for file, text in kept.items():
                (copy / file).write_text(text)
            seconds = time.monotonic() - begun
            if done.returncode:
                caught += 1
                verdict = "caught    " + what_told(done.stdout)
            elif name in SURVIVORS:
                explained += 1
                verdict = "survived  " + SURVIVORS[name]
            else:
                survived += 1
                verdict = "SURVIVED, and nobody knows why"
            print(f"{name:<34} {seconds:>5.0f} s  {verdict}", flush=True)
        total = caught + explained + survived
        print(f"mutations: {total}, {caught} caught, {explained} survived for a reason, {survived} without one")
        return 1 if survived or caught < ENOUGH * total else 0


sys.exit(main())
