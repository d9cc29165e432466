"""Where settings come from: variables of the environment, or files that variables with `_FILE` name.

Files, because whoever may look at a process may read its environment, and platforms mount secrets as files.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

FILE = "_FILE"


class Given(Mapping[str, str]):
    """`NAME`, or what stands in the file that `NAME_FILE` names, less blanks and lines around it.

    Raises:
        ImproperlyConfigured: both are set, or the file cannot be read; it names the variable.
    """

    def __getitem__(self, name: str) -> str:
        file = os.environ.get(name + FILE)
        if not file:
            return os.environ[name]
        if name in os.environ:
            raise ImproperlyConfigured(f"{name} and {name}{FILE} are both set: unset one of them.")
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ImproperlyConfigured(f"{name}{FILE}: {file} cannot be read: {error}") from error

    def __iter__(self) -> Iterator[str]:
        return iter({name.removesuffix(FILE) for name in os.environ})

    def __len__(self) -> int:
        return len(set(self))


class Environment(environ.Env):  # type: ignore[misc]  # django-environ has no types
    """Reads and converts variables; docs/OPERATIONS.md lists them."""

    ENVIRON = Given()
