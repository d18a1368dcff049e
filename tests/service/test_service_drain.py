"""SIGTERM under load loses no request (fault 18); a second signal or SIGKILL also ends the model.

UQA_FAULT_ROUNDS=50 repeats the test under load 50 times.
"""

import http.client
import json
import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
from running import GUARD, Running, faulty_service, item, wait_for

ROUNDS = int(os.environ.get("UQA_FAULT_ROUNDS", "2"))
LIMITS = {"notice": 0.8, "batch_tokens": 40}


class Load:
    """Clients that send requests until the listener is closed; ``fates`` counts the results."""

    def __init__(self, service: Running, clients: int) -> None:
        self.fates: Counter[str] = Counter()
        self._port = service.port
        self._threads = [
            threading.Thread(target=self._client, args=(number, number % 2 == 0))
            for number in range(clients)
        ]
        self._threads.append(threading.Thread(target=self._watch))
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _client(self, number: int, keep: bool) -> None:
        sent = 0
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=GUARD)
            try:
                connection.connect()
            except ConnectionError:  # refused, or reset before anything was sent
                return
            reusable = True
            while reusable:
                sent += 1
                reusable = self._ask(connection, f"{number} asks {sent}") and keep
            connection.close()

    def _ask(self, connection: http.client.HTTPConnection, question: str) -> bool:
        """Send a request; whether the connection can be reused."""
        body = json.dumps({"items": [item(question)]})
        try:
            connection.request("POST", "/v1/declare", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            document = json.loads(answer.read())
        except (OSError, http.client.HTTPException) as error:
            self.fates[f"lost: {type(error).__name__}"] += 1
            return False
        fine = answer.status == 200 and document["items"][0]["statement"] == f"{question} yes."
        self.fates["answered" if fine else f"status {answer.status}"] += 1
        return not answer.will_close

    def _watch(self) -> None:
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=GUARD)
            try:
                connection.request("GET", "/health/ready")
                self.fates[f"ready {connection.getresponse().status}"] += 1
            except OSError:
                return
            finally:
                connection.close()
            time.sleep(0.02)


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_drain_loses_no_request(tmp_path: Path, number: int) -> None:
    with faulty_service(tmp_path, limits=LIMITS, pace=0.002) as service:
        load = Load(service, 12)
        wait_for(lambda: load.fates["answered"] > 20 + number, lambda: load.fates)
        os.kill(service.process.pid, signal.SIGTERM)
        service.process.join(GUARD)
        load.join()
    lost = {fate: n for fate, n in load.fates.items() if fate.startswith(("lost", "status"))}
    assert not lost, load.fates
    assert load.fates["answered"] > 20
    assert load.fates["ready 503"] > 0, "readiness says 503 before the listener is closed"
    assert service.process.exitcode == 0, service.log()


def test_requests_in_the_queue_are_answered_after_the_signal(tmp_path: Path) -> None:
    with faulty_service(tmp_path, limits={"notice": 0.1}, pace=0.3) as service:
        load = threading.Thread(target=service.declare, args=[item(f"{n}") for n in range(5)])
        load.start()
        service.wait_until("uqa_batch_items_total", lambda items: items == 5)
        os.kill(service.process.pid, signal.SIGTERM)
        load.join()
        service.process.join(GUARD)
        assert service.process.exitcode == 0
        line = next(line for line in service.log().split("\n") if "declare" in line)
        assert '"status": 200' in line


def test_a_second_signal_ends_it_at_once_and_its_model_with_it(tmp_path: Path) -> None:
    with faulty_service(tmp_path, pace=30.0) as service:
        models = psutil.Process(service.process.pid).children()
        load = threading.Thread(target=_expect_no_answer, args=[service])
        load.start()
        service.wait_until("uqa_batch_items_total", lambda items: items == 1)
        os.kill(service.process.pid, signal.SIGTERM)
        service.wait_for_event("draining")  # or the two signals might be merged
        os.kill(service.process.pid, signal.SIGTERM)
        service.process.join(25)  # with pace and grace it would be 30
        assert service.process.exitcode is not None
        load.join()
        assert len(models) == 1
        assert not psutil.wait_procs(models, GUARD)[1]


def test_a_killed_server_leaves_no_model_behind(tmp_path: Path) -> None:
    with faulty_service(tmp_path) as service:
        models = psutil.Process(service.process.pid).children()
        service.process.kill()
        assert not psutil.wait_procs(models, GUARD)[1]


def _expect_no_answer(service: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=GUARD)
    body = json.dumps({"items": [item("no answer")]})
    connection.request("POST", "/v1/declare", body, {"Content-Type": "application/json"})
    try:
        assert connection.getresponse().status == 503
    except (OSError, http.client.HTTPException):
        return  # the connection was closed instead
