"""What gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

from adaptive.serving.bodies import with_known_length

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adaptive.settings")
application = with_known_length(get_wsgi_application())

from adaptive.checks import refuse_insecure_start  # noqa: E402  needs the settings loaded

refuse_insecure_start()
