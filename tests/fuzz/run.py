"""Runs the fuzz targets, two at a time, and says what each found.

    python tests/fuzz/run.py <seconds for each> [target ...]

What cargo-fuzz does beside this needs a nightly compiler: the sanitizers. Coverage, which is how libFuzzer finds its way, are passes of LLVM
that a stable one has, too; and what a sanitizer finds is in unsafe code, of which we have none.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
CACHE = Path(os.environ["TENANTRY_CACHE"]) / "fuzz"
COVERAGE = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
]
# So many seconds must be enough for an input of a few bytes, on a machine that does much else. The first makes the tables, too.
SLOW = 20


def main(seconds: int, only: list[str]) -> int:
    target = host()
    environment = os.environ | {"RUSTFLAGS": " ".join(COVERAGE), "CARGO_TARGET_DIR": str(CACHE / "target")}
    # Named, so that what runs while building is built as ever.
    build = ["cargo", "build", "--quiet", "--locked", "--release", "--target", target]
    subprocess.run(build, cwd=HERE, env=environment, check=True)
    programs = CACHE / "target" / target / "release"
    names = only or sorted(file.stem for file in (HERE / "targets").glob("*.rs"))
    with ThreadPoolExecutor(2) as pool:
        failed = [name for name, ok in pool.map(lambda name: fuzz(programs / name, seconds), names) if not ok]
    if failed:
        print(f"found something: {', '.join(failed)}")
    return 1 if failed else 0


def host() -> str:
    told = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    return next(line.removeprefix("host: ") for line in told.splitlines() if line.startswith("host: "))


def fuzz(program: Path, seconds: int) -> tuple[str, bool]:
    name = program.name
    # What is found on the way is kept for the next run; what is committed is a beginning.
    grown, findings = CACHE / "corpus" / name, CACHE / "findings" / name
    for folder in (grown, findings):
        folder.mkdir(parents=True, exist_ok=True)
    limits = [f"-max_total_time={seconds}", f"-timeout={SLOW}", "-max_len=4096", "-print_final_stats=1"]
    command = [str(program), *limits, f"-artifact_prefix={findings}/", str(grown), str(HERE / "corpus" / name)]
    run = subprocess.run(command, capture_output=True, text=True, errors="replace")
    stats = dict(line.removeprefix("stat::").split(":", 1) for line in run.stderr.splitlines() if line.startswith("stat::"))
    if run.returncode:
        print("\n".join(run.stderr.splitlines()[-25:]))
    print(f"{name}: {stats.get('number_of_executed_units', '?').strip()} inputs in {seconds} s", flush=True)
    return name, run.returncode == 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
