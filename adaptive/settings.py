"""Configuration. Everything comes from the environment; every default is the safe one.

`ADAPTIVE_ENVIRONMENT` is `production` unless it says otherwise. Only `development` and `test` may run
with insecure values; `adaptive.checks` stops the start of anything else. docs/OPERATIONS.md lists all.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import django_stubs_ext
from celery.schedules import crontab
from django.templatetags.static import static
from django.urls import reverse

from adaptive import __version__
from adaptive.environment import Environment
from adaptive.logs import logging_config
from adaptive.redis_servers import broker_settings
from desk.sign_on.providers import as_allauth_has_it, read_providers

django_stubs_ext.monkeypatch()  # lets `ModelAdmin[Question]` be written at run time

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()

ENVIRONMENT: str = env.str("ADAPTIVE_ENVIRONMENT", default="production")
IS_PRODUCTION = ENVIRONMENT not in {"development", "test"}

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
# Apart from SECRET_KEY, because it must outlive it: the chains of old sessions are checked with it.
AUDIT_KEY: str = env.str("AUDIT_KEY", default="" if IS_PRODUCTION else "insecure-audit-key")
AUDIT_KEY_FALLBACKS = env.list("AUDIT_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "knox",
    "corsheaders",
    "axes",
    "django_htmx",
    "adaptive.apps.ProjectConfig",
    "organisations",
    "testing_engine",
    "sessions_app",
    "student_page",
    "desk",
    "django.contrib.humanize",
    # Behind ours: where both translate the same words, ours go first.
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.saml",
]

# The API needs neither cookies nor CSRF: DRF authenticates by header alone. The admin needs both.
MIDDLEWARE = [
    "adaptive.request_log.RequestLog",  # first, so that it sees every reply
    "organisations.middleware.ActingOrganisation",  # around all that reads rows
    "adaptive.direct.DirectWay",  # a running test's requests go no further
    "adaptive.probes.Probes",  # and probes not to where host names are looked at
    "django.middleware.security.SecurityMiddleware",
    "adaptive.headers.StorageMiddleware",
    "adaptive.headers.PolicyMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "organisations.own.OwnTimeZone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "axes.middleware.AxesMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "adaptive.admin_addresses.KnownIds",
    "adaptive.logins.FewAtOnce",
]

ROOT_URLCONF = "adaptive.urls"
WSGI_APPLICATION = "adaptive.wsgi.application"
APPEND_SLASH = False  # a POST cannot follow a redirect; a wrong address is a 404

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "adaptive" / "templates"],  # before all apps: here lies what mends a library's
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- PostgreSQL: the truth -------------------------------------------------------------------------


def postgresql(variable: str, default: str = env.NOTSET) -> dict[str, Any]:
    """The server that a variable names, and how all of them are spoken to."""
    database: dict[str, Any] = env.db_url(variable, default=default)
    database["ENGINE"] = "adaptive.postgresql"  # a connection that died with a restart is replaced
    database["OPTIONS"] = {
        # A server that vanishes without a word is given up after so long (ms); the URL may say otherwise.
        "tcp_user_timeout": 10_000,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        **database.get("OPTIONS", {}),
        # A request never waits longer than `timeout` seconds for a connection: it answers 503 instead.
        "pool": {
            "min_size": 1,
            "max_size": env.int("DATABASE_POOL_SIZE", default=16),
            "timeout": env.float("DATABASE_TIMEOUT", default=3.0),
        },
        "connect_timeout": 3,
        # PostgreSQL reads the parameters, not Python: a third less work for a submission.
        "server_side_binding": True,
        # And it plans a statement once for each connection, not at every request.
        "prepare_threshold": env.int("DATABASE_PREPARE_THRESHOLD", default=5) or None,
    }
    return database


DATABASES = {"default": postgresql("DATABASE_URL", "postgresql://localhost/adaptive")}
if env.str("DATABASE_REPLICA_URL", default=""):  # reports are read from it (sessions_app.replica)
    DATABASES["replica"] = {**postgresql("DATABASE_REPLICA_URL"), "TEST": {"MIRROR": "default"}}
# Seconds that a replica may be behind: beyond, the primary is asked.
DATABASE_REPLICA_MAX_LAG = env.float("DATABASE_REPLICA_MAX_LAG", default=10.0)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Revisions as files, for processes of this machine (`testing_engine.revision_files`); empty: none.
REVISION_FILES: str = env.str(
    "REVISION_FILES",
    default="" if ENVIRONMENT == "test" else "/dev/shm/adaptive-revisions",  # noqa: S108  only if it is ours
)
REVISION_FILES_MAX_BYTES = env.int("REVISION_FILES_MAX_BYTES", default=48 * 1024 * 1024)

# --- Redis: speed ----------------------------------------------------------------------------------

REDIS_URL: str = env.str("REDIS_URL", default="redis://localhost:6379/0")
REDIS_TIMEOUT: float = env.float("REDIS_TIMEOUT", default=0.5)
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": [REDIS_URL],  # a list, for a cluster's URL has commas
        "OPTIONS": {
            "CONNECTION_FACTORY": "adaptive.redis_servers.Connections",
            "SOCKET_CONNECT_TIMEOUT": REDIS_TIMEOUT,
            "SOCKET_TIMEOUT": REDIS_TIMEOUT,
            "IGNORE_EXCEPTIONS": True,
        },
    }
}
DJANGO_REDIS_LOG_IGNORED_EXCEPTIONS = True

# The mission's three keys live this long (seconds).
SESSION_STATE_TTL = env.int("SESSION_STATE_TTL", default=30 * 60)
SUBMISSION_LOCK_TTL = env.int("SUBMISSION_LOCK_TTL", default=5)
QUESTION_CACHE_TTL = env.int("QUESTION_CACHE_TTL", default=60 * 60)
# After a failure Redis is left alone for this long (seconds), so that an outage costs one timeout and
# not two for every request.
REDIS_PAUSE_AFTER_FAILURE = env.float("REDIS_PAUSE_AFTER_FAILURE", default=1.0)

# --- Sessions --------------------------------------------------------------------------------------

SESSION_INACTIVITY_MINUTES = env.int("SESSION_INACTIVITY_MINUTES", default=30)
# Seconds that an answer may be late: the network's own time.
DEADLINE_GRACE = env.int("DEADLINE_GRACE", default=5)
SESSION_TOKEN_MAX_AGE = env.int("SESSION_TOKEN_MAX_AGE", default=24 * 3600)
ACCESS_TOKEN_MAX_AGE = env.int("ACCESS_TOKEN_MAX_AGE", default=3600)

# --- Background ------------------------------------------------------------------------------------

BROKER_URL: str = env.str("CELERY_BROKER_URL", default=REDIS_URL)
globals().update(broker_settings(BROKER_URL))  # what Celery calls it
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 270
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # Redis may be away for hours; the worker waits
CELERY_BEAT_SCHEDULE_FILENAME = env.str("CELERY_BEAT_SCHEDULE_FILENAME", default="celerybeat-schedule")
CELERY_BEAT_SCHEDULE = {
    "end inactive sessions": {
        "task": "sessions_app.tasks.end_inactive_sessions",
        "schedule": timedelta(minutes=env.int("CLEANUP_EVERY_MINUTES", default=10)),
        "options": {"expires": 600},  # ticks missed while no worker ran are not made up for
    },
    "count sessions": {
        "task": "sessions_app.tasks.count_sessions",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "look for lost answers": {  # after a failover of PostgreSQL
        "task": "sessions_app.tasks.look_for_lost_answers",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "take up calibrations": {
        "task": "sessions_app.tasks.take_up_calibrations",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "take up imports": {
        "task": "sessions_app.tasks.take_up_imports",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "take up long jobs": {
        "task": "sessions_app.tasks.take_up_long_jobs",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "take up simulations": {
        "task": "sessions_app.tasks.take_up_simulations",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "send messages": {
        "task": "sessions_app.tasks.send_messages",
        "schedule": timedelta(seconds=10),
        "options": {"expires": 10},
    },
    "forget messages": {
        "task": "sessions_app.tasks.forget_messages",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3600},
    },
    "watch pools": {  # at night; later in the day, those of which a look failed or was missed
        "task": "sessions_app.tasks.watch_pools",
        "schedule": crontab(minute="20"),
        "options": {"expires": 3600},
    },
    "beat tick": {
        "task": "adaptive.tasks.record_beat_tick",
        "schedule": timedelta(seconds=30),
        "options": {"expires": 30},
    },
}
# What a page makes at once; more is a worker's, and its file waits.
ROWS_AT_ONCE = env.int("ROWS_AT_ONCE", default=20_000)
QUESTIONS_AT_ONCE = env.int("QUESTIONS_AT_ONCE", default=2000)
JOB_FILE_HOURS = env.int("JOB_FILE_HOURS", default=72)
JOB_FILE_MAX_BYTES = env.int("JOB_FILE_MAX_BYTES", default=4 * 1024**3)
JOB_ROW_DAYS = env.int("JOB_ROW_DAYS", default=90)
WATCH_HOUR = env.int("WATCH_HOUR", default=2)  # of the day, when pools are watched anew
BEAT_TICK_LATE_AFTER = 120  # seconds; /health says degraded beyond it

# Messages to other systems, and what is asked of learning platforms, may go to private addresses, and over
# http: for development and closed networks.
WEBHOOKS_MAY_GO_INSIDE = env.bool("WEBHOOKS_MAY_GO_INSIDE", default=False)

# --- The API ---------------------------------------------------------------------------------------

DATA_UPLOAD_MAX_MEMORY_SIZE = env.int("MAX_BODY_BYTES", default=64 * 1024)
POOL_UPLOAD_MAX_BYTES = env.int("POOL_UPLOAD_MAX_BYTES", default=16 * 1024 * 1024)
IMPORT_MAX_BYTES = env.int("IMPORT_MAX_BYTES", default=64 * 1024 * 1024)
POOL_MAX_CONCEPTS = 10
RATE_LIMIT_CLIENT_PER_MINUTE = env.int("RATE_LIMIT_CLIENT_PER_MINUTE", default=6000)
RATE_LIMIT_SESSION_PER_MINUTE = env.int("RATE_LIMIT_SESSION_PER_MINUTE", default=120)
RATE_LIMIT_STUDENT_PER_MINUTE = env.int("RATE_LIMIT_STUDENT_PER_MINUTE", default=240)
RATE_LIMIT_STUDENT_STARTS_PER_MINUTE = env.int("RATE_LIMIT_STUDENT_STARTS_PER_MINUTE", default=30)
# In one process, of whose 8 threads they leave some to others.
CLIENT_REQUESTS_AT_ONCE = env.int("CLIENT_REQUESTS_AT_ONCE", default=4)
SESSION_REQUESTS_AT_ONCE = env.int("SESSION_REQUESTS_AT_ONCE", default=4)
ADMIN_LOGINS_AT_ONCE = env.int("ADMIN_LOGINS_AT_ONCE", default=2)

# Browsers on these origins may call the API; no cookie ever goes with it.
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
# Pages there may show a test in a frame, hear how it goes, and get the student back (INTEGRATION.md).
EMBED_ORIGINS = env.list("EMBED_ORIGINS", default=[])

# Links of invitations go by e-mail where a server is set; nothing else does.
EMAIL_URL: str = env.str("EMAIL_URL", default="")
SENDS_MAIL = bool(EMAIL_URL)
if SENDS_MAIL:
    vars().update(env.email_url("EMAIL_URL"))
DEFAULT_FROM_EMAIL: str = env.str("EMAIL_FROM", default="")
EMAIL_TIMEOUT = 10  # seconds
EMAIL_PER_MINUTE = env.int("EMAIL_PER_MINUTE", default=60)
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_METHODS = ["GET", "POST"]
CORS_ALLOW_HEADERS = ["authorization", "content-type", "idempotency-key"]
CORS_EXPOSE_HEADERS = ["Retry-After"]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["sessions_app.api.authentication.ApiTokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["sessions_app.api.permissions.NobodyUnlessSaid"],
    "DEFAULT_THROTTLE_CLASSES": ["sessions_app.api.throttling.CallerRateThrottle"],
    "DEFAULT_PARSER_CLASSES": ["sessions_app.api.parsers.StrictJsonParser"],
    "DEFAULT_RENDERER_CLASSES": ["sessions_app.api.renderers.ReplyRenderer"],
    "DEFAULT_SCHEMA_CLASS": "sessions_app.api.schema.ApiSchema",
    "DEFAULT_PAGINATION_CLASS": "sessions_app.api.pagination.Pages",
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    "NON_FIELD_ERRORS_KEY": "",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "TEST_REQUEST_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        "rest_framework.renderers.MultiPartRenderer",
    ],
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,  # `format` is a parameter like others, of the views that have it
}
DRF_STANDARDIZED_ERRORS = {
    "EXCEPTION_HANDLER_CLASS": "sessions_app.api.problems.ProblemHandler",
    "EXCEPTION_FORMATTER_CLASS": "sessions_app.api.problems.ProblemFormatter",
    "NESTED_FIELD_SEPARATOR": "/",
}
REST_KNOX = {"AUTH_HEADER_PREFIX": "Token", "TOKEN_TTL": timedelta(days=90)}

SPECTACULAR_SETTINGS = {
    "TITLE": "Adaptive testing service",
    "DESCRIPTION": (
        "Computerised adaptive tests over REST.\n\n"
        "Send `Authorization: Token …` as an API client, or `Authorization: Session …` with the token that "
        "`start` returned, which opens that one session and nothing else. Errors are RFC 9457 problems.\n\n"
        "docs/INTEGRATION.md says what may change in v1 and what may not. The addresses without `v1/` "
        "mean the same."
    ),
    "VERSION": __version__,
    "OAS_VERSION": "3.1.0",
    "PREPROCESSING_HOOKS": ["sessions_app.api.versions.only_current"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "sessions_app.api.for_generators.fit_for_generators",
    ],
    "TAGS": [
        {"name": "Taking a test", "description": "For a school's system and a student's browser."},
        {"name": "Named tests", "description": "For whoever prepares tests and invites to them."},
        {"name": "Results", "description": "For whoever reads results."},
        {"name": "Question pools", "description": "For authors. No reply holds an answer key."},
        {"name": "Calibration", "description": "For psychometricians: answers in, parameters out."},
        {"name": "Long work", "description": "Files that a worker makes, and that wait."},
        {"name": "Webhooks", "description": "For whoever connects other systems."},
        {"name": "Operation", "description": "For operators."},
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"persistAuthorization": True, "tryItOutEnabled": True},
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "ENUM_NAME_OVERRIDES": {
        "SessionStatusEnum": "sessions_app.models.TestSession.Status",
        "StatusWhenOverEnum": "sessions_app.replies.values.STATUSES_WHEN_OVER",
        "ResultKindEnum": "sessions_app.sitting.result_specs.Kind",
        "TestResultKindEnum": "sessions_app.models.NamedTest.ResultKind",
        "QuestionStateEnum": "sessions_app.replies.pools.STATES",
        "CalibrationStateEnum": "sessions_app.replies.calibrations.STATES",
        "InvitationReplyStateEnum": "sessions_app.replies.named_tests.INVITATION_STATES",
        "SharedLevelEnum": ["see", "keys", "change"],
        "TestShareLevelEnum": ["see", "change"],
        "StartedEnum": ["started"],
        "ContinuedEnum": ["continue"],
    },
}

# --- People ----------------------------------------------------------------------------------------

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # first: it refuses before a password is looked at
    "django.contrib.auth.backends.ModelBackend",
]
# Failed logins are counted in PostgreSQL, so the lock holds while Redis is gone. By name at an address, and
# by address; by name alone anybody could lock out an administrator whose name they know.
AXES_FAILURE_LIMIT = env.int("ADMIN_LOGIN_FAILURES", default=10)
ADMIN_LOGIN_ADDRESS_FAILURES = env.int("ADMIN_LOGIN_ADDRESS_FAILURES", default=100)
AXES_COOLOFF_TIME = timedelta(minutes=env.int("ADMIN_LOGIN_LOCK_MINUTES", default=15))
AXES_HANDLER = "adaptive.logins.LoginFailures"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "ip_address"]
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "sessions_app.api.senders.address_of"
AXES_LOCKOUT_CALLABLE = "adaptive.logins.locked_out"
AXES_ENABLE_ADMIN = False
AXES_DISABLE_ACCESS_LOG = True  # who logged in when is not ours to keep
AXES_VERBOSE = False
LOGIN_URL = "desk:log_in"
LOGIN_REDIRECT_URL = "desk:home"
# Second factors, and the log-in of institutions (desk/sign_on). django-allauth sends no mail and keeps no
# address.
INSTITUTIONS = read_providers(env.str("SINGLE_SIGN_ON", default=""))
SOCIALACCOUNT_PROVIDERS = as_allauth_has_it(INSTITUTIONS)
SOCIALACCOUNT_ADAPTER = "desk.sign_on.adapters.Institutions"
SOCIALACCOUNT_LOGIN_ON_GET = (
    True  # a link leads there, for a form may send nothing to another site (adaptive/headers.py)
)
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False  # nobody becomes somebody by an address
ACCOUNT_ADAPTER = "desk.sign_on.adapters.LocalAccounts"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_UNIQUE_EMAIL = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = (
    15 * 60
)  # seconds, after which changing a second factor asks for the password again
MFA_ADAPTER = "desk.sign_on.adapters.SecondFactors"
MFA_FORMS = {
    "authenticate": "desk.sign_on.second_factor.CodeAtLogIn",
    "reauthenticate": "desk.sign_on.second_factor.CodeAgain",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Adaptive testing"
MFA_TOTP_TOLERANCE = 1  # a clock may be half a minute off
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not IS_PRODUCTION  # localhost
UNFOLD = {
    "SITE_TITLE": "Adaptive testing",
    "SITE_HEADER": "Adaptive testing",
    "SITE_SUBHEADER": "Pools, sessions, audit trail",
    "SITE_SYMBOL": "insights",
    "SITE_DROPDOWN": [
        {
            "icon": "edit_note",
            "title": "Desk: pools and questions",
            "link": lambda request: reverse("desk:home"),
        }
    ],
    "SHOW_HISTORY": False,
    "SITE_FAVICONS": [{"rel": "icon", "href": lambda request: static("adaptive/icon.svg")}],
    "STYLES": [lambda request: static("adaptive/admin.css")],
}

LANGUAGE_CODE = "en"
# In which people read and type moments, unless their organisation has its own zone; what is stored, sent and
# logged is UTC.
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
PAGES_OF_MEMBERS = ("/desk/", "/admin/")
FORMAT_MODULE_PATH = ["adaptive.formats"]
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = env.path("STATIC_ROOT", default=str(BASE_DIR / "static"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if IS_PRODUCTION
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
}
WHITENOISE_USE_FINDERS = not IS_PRODUCTION
WHITENOISE_AUTOREFRESH = False
WHITENOISE_ALLOW_ALL_ORIGINS = False  # these files are for our own pages

# --- Security --------------------------------------------------------------------------------------

SESSION_COOKIE_SECURE = IS_PRODUCTION
CSRF_COOKIE_SECURE = IS_PRODUCTION
CSRF_FAILURE_VIEW = "adaptive.urls.csrf_failure"
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=IS_PRODUCTION)
# The probe of a load balancer speaks plain HTTP, and so may a Prometheus in the same network.
SECURE_REDIRECT_EXEMPT = [r"^health$", r"^metrics$"]
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000 if IS_PRODUCTION else 0)
# Promises that bind the whole domain, and for long: whoever owns it makes them.
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.bool("SECURE_HSTS_PRELOAD", default=False)
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]  # about those two
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_TLS_PROXY", default=False) else None
)
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Content-Security-Policy stands in adaptive.headers, for each part of the service its own.
PERMISSIONS_POLICY: dict[str, list[str]] = {
    feature: []
    for feature in (
        "accelerometer",
        "autoplay",
        "browsing-topics",
        "camera",
        "display-capture",
        "encrypted-media",
        "geolocation",
        "gyroscope",
        "hid",
        "idle-detection",
        "local-fonts",
        "microphone",
        "midi",
        "payment",
        "serial",
        "usb",
        "window-management",
        "xr-spatial-tracking",
    )
}

# --- Logs and metrics: never a name, an answer or a key -------------------------------------------------

LOGGING = logging_config(ENVIRONMENT, env.str("LOG_LEVEL", default="INFO"))
METRICS_TOKEN: str = env.str("METRICS_TOKEN", default="")
