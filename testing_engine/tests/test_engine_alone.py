"""The engine installs and works without Django, as docs/ENGINE_ALONE.md says."""

import re
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).parents[2]

# Nothing but these may be asked for, whatever lies on the machine.
ONLY_NUMBERS = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"django", "rest_framework", "msgspec", "celery", "redis", "psycopg"}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuse())
sys.path.insert(0, sys.argv[1])
import testing_engine
assert testing_engine.__file__.startswith(sys.argv[1]), testing_engine.__file__
import testing_engine.psychometrics.engine, testing_engine.simulation.simulate
"""


def test_a_wheel_runs_the_documented_example_without_django(tmp_path: Path) -> None:
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
    ]
    subprocess.run([*build, "--wheel-dir", str(tmp_path), str(ROOT)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    ZipFile(wheel).extractall(tmp_path / "installed")
    files = ZipFile(wheel).namelist()
    assert not [name for name in files if "/tests/" in name or name.endswith("models.py")]
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/ENGINE_ALONE.md").read_text(), re.DOTALL)
    script = tmp_path / "example.py"
    script.write_text(ONLY_NUMBERS + example)
    ran = subprocess.run(
        [sys.executable, "-I", str(script), str(tmp_path / "installed")],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("True [] [-1."), ran.stdout
