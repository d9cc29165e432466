"""Exit 0 if this container's web process can serve: the image's HEALTHCHECK.

Without the host name that the service answers for, Django would refuse the request itself.
"""

import os
import sys
import urllib.error
import urllib.request

PORT = os.environ.get("PORT", "5300")
HOST = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip(".")


def main() -> int:
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}/health", headers={"Host": HOST})
    try:
        with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310
            print(response.read().decode())
    except urllib.error.HTTPError as error:
        print(error, error.read().decode(errors="replace"))
        return 1
    except OSError as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
