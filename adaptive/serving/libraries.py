"""What gunicorn's first process loads, so that its workers find it there and share its memory.

Libraries alone, and those that read no settings when they are loaded: what is ours each worker loads itself,
so a reload takes up what changed. (After a change of libraries gunicorn itself is replaced: UPGRADING.md.)
`benchmarks/worker_start.py` measures what it saves.
"""

from importlib import import_module

LIBRARIES = (
    "PIL.ImageCms",
    "cryptography.hazmat.primitives.serialization",
    "cryptography.x509",
    "django.contrib.postgres.fields",
    "django.core.handlers.wsgi",
    "django.db.migrations.loader",
    "django.test",  # for REST framework's test client, which drf-spectacular imports
    "jsonschema",
    "jwcrypto.jwk",
    "jwt",
    "kombu.transport.redis",
    "latex2mathml.converter",
    "lxml.html",
    "markdown_it",
    "msgspec",
    "nh3",
    "numba",
    "numpy",
    "psycopg",
    "psycopg_pool",
    "re2",
    "requests",
    "rest_framework.serializers",
    "scipy.linalg",
    "scipy.sparse.csgraph",
    "scipy.special",
)


def load_libraries() -> None:
    for name in LIBRARIES:
        import_module(name)
