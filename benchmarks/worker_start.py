"""What a web process costs before it takes requests: loading everything itself, and as gunicorn forks it."""

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks import table

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("adaptive", "desk", "organisations", "student_page", "sessions_app", "testing_engine")
# Run in a process of its own: the seconds of processor time in which the service is loaded.
ALONE = "import adaptive.wsgi"
AS_FORKED = "import gc; gc.disable(); gc.freeze(); import adaptive.wsgi"
TIMED = """
import os, resource, sys
{before}
if not (child := os.fork()):
    {loading}
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(used.ru_utime + used.ru_stime, flush=True)
    os._exit(0)
sys.exit(os.waitpid(child, 0)[1])
"""
LIBRARIES = "from adaptive.serving.libraries import load_libraries; load_libraries()"
WAYS = {
    "alone": TIMED.format(before="", loading=ALONE),
    "libraries loaded before": TIMED.format(before=LIBRARIES, loading=ALONE),
    "and nothing looked for meanwhile": TIMED.format(before=LIBRARIES, loading=AS_FORKED),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.worker_start", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="only see that it works")
    rounds = 1 if parser.parse_args().tiny else 9
    # Compiled, as the image has it: a checkout whose Python may write nothing would compile every time.
    subprocess.run([sys.executable, "-m", "compileall", "-q", *PACKAGES], cwd=ROOT, check=False)
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    for number in range(rounds):
        for way in list(WAYS) if number % 2 else reversed(WAYS):
            seconds[way].append(_seconds(WAYS[way]))
    medians = {way: statistics.median(each) for way, each in seconds.items()}
    rows = [
        (way, f"{median:.2f}", f"{min(seconds[way]):.2f}", f"{median / medians['alone']:.2f}")
        for way, median in medians.items()
    ]
    print(table(("a worker", "CPU s, median", "least", "of alone"), rows))
    return 0


def _seconds(program: str) -> float:
    settings = {
        "ADAPTIVE_ENVIRONMENT": "development",
        "SECRET_KEY": "insecure-key-of-the-benchmarks",
        "ALLOWED_HOSTS": "127.0.0.1",
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",  # nothing asks it
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "OPENBLAS_NUM_THREADS": "1",
    }
    command = [sys.executable, "-W", "ignore", "-c", program]
    told = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **settings}, check=True, capture_output=True, text=True
    )
    return float(told.stdout)


if __name__ == "__main__":
    sys.exit(main())
