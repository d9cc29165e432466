"""How requests reach the service's threads: whole, by gunicorn, and never through a client's patience.

`arrival` says when a request is whole, `buffers` holds it and its reply, `worker` is what gunicorn runs.
Nothing here imports Django before a worker has loaded the service.
"""
