"""How gunicorn serves. PORT, WEB_CONCURRENCY and GUNICORN_CMD_ARGS in the environment change it.

No `max_requests`: it hides leaks, and a new process has to read its question pools again, so that students
meet slow requests for nothing. What a process caches is bounded (`testing_engine.revisions`).
No `preload_app`: the pool of database connections has threads, and threads do not survive a fork.
No access log: addresses carry students' ids, and the proxy has one. `--access-logfile -` turns it on.
"""

import os

bind = f"0.0.0.0:{os.environ.get('PORT', '5300')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"  # a request mostly waits for PostgreSQL and Redis
threads = 8  # below DATABASE_POOL_SIZE: no thread of a process waits for another's connection
timeout = 30  # a process that shows no sign of life for so long is replaced
graceful_timeout = 25  # for running requests at a stop; compose.yaml waits 30
keepalive = 75  # longer than the 60 of usual proxies, so that the proxy, not we, closes an idle connection
worker_tmp_dir = "/dev/shm"  # noqa: S108  signs of life in memory: a slow disk must not look like a dead process
control_socket_disable = True  # nobody needs it, and its place would be a home folder that is not there
