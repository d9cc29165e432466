"""What a worker does when it begins."""

import gc

from celery.signals import worker_process_init

from adaptive import celery  # connects it


def test_a_worker_looks_for_no_garbage_in_what_is_loaded() -> None:
    loaded: list[list[int]] = [[]]  # something that the collector knows of
    worker_process_init.send(sender=celery.app)
    assert not any(known is loaded for known in gc.get_objects())
