"""HUP under load: every worker is replaced, and every request is answered."""

import signal
import threading
from collections import Counter
from pathlib import Path

import httpx

from adaptive.serving.succession import Succession
from adaptive.serving.tests.test_worker import PATIENCE, started
from embedded.processes import wait_until

CLIENTS = 2
APPLICATION = "adaptive.serving.tests.loads_when_told"


def test_the_old_stop_when_enough_of_the_new_are_ready() -> None:
    succession = Succession()
    assert succession.may_stop(1), "nobody is replaced: the service ends"
    succession.begin(newest_old=2, wanted=2)
    assert not succession.may_stop(1)
    succession.note_ready(3)
    assert not succession.may_stop(2)
    succession.note_ready(4)
    assert succession.may_stop(1)
    assert succession.may_stop(3), "it is not of those that are replaced"
    succession.begin(newest_old=4, wanted=1)
    assert not succession.may_stop(4)


def test_a_reload_refuses_nobody_and_lets_nobody_wait_for_the_new(tmp_path: Path) -> None:
    """Half of the clients keep their connections."""
    answers, over = Counter[str](), threading.Event()

    def ask(port: int, keeps: bool) -> None:
        headers = {} if keeps else {"Connection": "close"}
        with httpx.Client(trust_env=False, timeout=PATIENCE, headers=headers) as client:
            while not over.is_set():
                try:
                    reply = client.get(f"http://127.0.0.1:{port}/")
                    answers[reply.text if reply.status_code == 200 else str(reply)] += 1
                except httpx.TransportError as error:
                    answers[repr(error)] += 1
                over.wait(0.01)  # the server's processes want to load

    with started(tmp_path, APPLICATION) as server:
        server.go_on.touch()
        old = server.get().text
        server.go_on.unlink()
        server.began.unlink()
        clients = [
            threading.Thread(target=ask, args=(server.port, number % 2 == 0)) for number in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        try:
            server.process.send_signal(signal.SIGHUP)
            assert wait_until(server.began.exists)
            assert server.get().text == old, "the new one still loads"
            server.go_on.touch()
            assert wait_until(lambda: len(answers) > 1)
            assert wait_until(lambda: not Path(f"/proc/{old}").exists())
        finally:
            server.go_on.touch()
            over.set()
            for client in clients:
                client.join()
        new = server.get().text
    assert set(answers) == {old, new}
