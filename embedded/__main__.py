"""`python -m embedded COMMAND …`: run a command beside a PostgreSQL and a Valkey that live only as long."""

import os
import subprocess
import sys

from embedded.services import throwaway_services


def main() -> int:
    with throwaway_services() as services:
        development = {"ADAPTIVE_ENVIRONMENT": "development", "SECRET_KEY": "insecure-and-short-lived"}
        environment = {**os.environ, **development, **services.urls.environment()}
        return subprocess.run(sys.argv[1:], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
