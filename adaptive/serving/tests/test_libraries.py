"""What takes long to load, the first process has loaded."""

import subprocess
import sys

LOADED_BY_A_WORKER = """
import sys
from adaptive.serving.libraries import load_libraries

load_libraries()
before = set(sys.modules)
import adaptive.wsgi

found = {name: getattr(sys.modules[name], "__file__", None) or "" for name in set(sys.modules) - before}
print(*(name for name, file in found.items() if "-packages" in file and file.endswith(".so")))
"""


def test_a_worker_loads_no_compiled_library_itself() -> None:
    """Compiled ones are the dear ones, and what they bring along is loaded with them."""
    loaded = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOADED_BY_A_WORKER], check=True, capture_output=True, text=True
    )
    assert loaded.stdout.split() == []
