"""What gunicorn serves."""

import os

import django

from adaptive.serving.bodies import with_known_length

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adaptive.settings")
django.setup(set_prefix=False)

from adaptive.checks import refuse_insecure_start  # noqa: E402  these need the settings loaded
from adaptive.handler import Handler  # noqa: E402

application = with_known_length(Handler())

refuse_insecure_start()
