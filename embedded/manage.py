"""`make manage ARGS="…"`: a command of manage.py, against what `make run` is running."""

import json
import os
import subprocess
import sys

from embedded.run import ENVIRONMENT_FILE, FOLDER, ROOT


def main() -> int:
    path = FOLDER / ENVIRONMENT_FILE
    if not path.exists():
        print("Nothing runs here: start it with `make run`, in another terminal.", file=sys.stderr)
        return 1
    environment = {**os.environ, **json.loads(path.read_text())}
    command = [sys.executable, str(ROOT / "manage.py"), *sys.argv[1:]]
    return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
