"""Does anything in constraints.txt have a known vulnerability? Takes pip-audit's options.

Exit 0: none is known, or the database cannot be reached, and then it says so. Exit 1: some are.
Exit 2: pip-audit itself failed. pip-audit alone exits 1 for all three.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

CONSTRAINTS = Path(__file__).with_name("constraints.txt")
COMMAND = ("-m", "pip_audit", "--format", "json", "--progress-spinner", "off", "--no-deps", "--disable-pip")
# What pip-audit writes when a server refuses, is not there, or answers with something else.
NO_ANSWER = re.compile(
    r"requests\.exceptions\.|ServiceError|ConnectionError|network may be blocking this service"
)


def main(options: list[str]) -> int:
    done = subprocess.run(  # noqa: S603  our own interpreter, the operator's options
        [sys.executable, *COMMAND, "--requirement", str(CONSTRAINTS), *options],
        capture_output=True,
        text=True,
    )
    packages = _packages(done.stdout)
    if packages is None:
        if NO_ANSWER.search(done.stderr):
            return _unreachable(done.stderr.strip().splitlines()[-1])
        print(f"pip-audit failed:\n{done.stderr}", file=sys.stderr)
        return 2
    known = [package for package in packages if "skip_reason" not in package]
    if not known:
        return _unreachable("it knows none of the packages")
    vulnerable = [package for package in known if package["vulns"]]
    for package in vulnerable:
        for found in package["vulns"]:
            fixed = ", ".join(found["fix_versions"]) or "no version yet"
            print(f"{package['name']} {package['version']}: {found['id']}, fixed in {fixed}")
    print(f"Audited {len(known)} of {len(packages)} packages: {len(vulnerable)} with known vulnerabilities.")
    return 1 if vulnerable else 0


def _packages(report: str) -> list[dict[str, Any]] | None:
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return None
    return packages


def _unreachable(why: str) -> int:
    print(f"NOT AUDITED: the database of vulnerabilities cannot be reached from here ({why}).")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
