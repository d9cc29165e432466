from sessions_app.models.sessions import *  # noqa: F403
