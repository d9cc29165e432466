"""`python -m benchmarks`: all of them, one after the other. `python -m benchmarks.submit`: one."""

import subprocess
import sys
from importlib.util import find_spec

BENCHMARKS = (
    "engine",
    "steps",
    "calibration",
    "exposure",
    "memory",
    "submit",
    "worker_start",
    "cleanup",
    "audit",
    "watch",
)


def main() -> int:
    """Each in a process of its own, so that none inherits another's caches."""
    failed = False
    for name in BENCHMARKS:
        if find_spec(f"benchmarks.{name}") is None:
            continue
        print(f"\n# {name}\n", flush=True)
        finished = subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *sys.argv[1:]], check=False)
        failed |= finished.returncode != 0
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
