"""More than the service can do: what is refused is refused at once and told when to come again."""

import json
import threading
import time
from collections import Counter
from pathlib import Path

from running import Running, faulty_service, item, post

LIMITS = {"queue_items": 40, "batch_items": 10, "deadline": 20.0, "hang_least": 20.0}


def client(service: Running, number: int, until: float, fates: Counter[str]) -> None:
    asked = 0
    while time.monotonic() < until:
        asked += 1
        items = [item(f"{number} asks {asked} {n}") for n in range(8)]
        connection = post(service.port, "/v1/declare", {"items": items})
        said = b""
        with connection:
            while b"\r\n\r\n" not in said:
                said += connection.recv(65_536)
        head = said.lower()
        fates[said.split(b" ", 2)[1].decode()] += 1
        fates["refusals without Retry-After"] += (
            b" 429 " in head[:20] and b"retry-after" not in head
        )


def test_an_overload_is_refused_and_never_waits_for_long(tmp_path: Path) -> None:
    """Fault 14 at CI size: 24 clients at once where 6 fill the queue."""
    with faulty_service(tmp_path, limits=LIMITS, pace=0.004) as service:
        fates: Counter[str] = Counter()
        until = time.monotonic() + 2.5
        clients = [
            threading.Thread(target=client, args=(service, number, until, fates))
            for number in range(24)
        ]
        for thread in clients:
            thread.start()
        for thread in clients:
            thread.join()
        assert set(fates) <= {"200", "429", "refusals without Retry-After"}, fates
        assert fates["refusals without Retry-After"] == 0
        assert fates["429"] > fates["200"] > 10, fates
        service.wait_until("uqa_queue_items", lambda items: items == 0)
        assert service.declare(item("afterwards")).status_code == 200


def test_a_deadline_is_kept(tmp_path: Path) -> None:
    with faulty_service(tmp_path, limits={"deadline": 0.3, "hang": 5.0}, pace=1.0) as service:
        answer = service.declare(item("slow"))
        assert answer.status_code == 504
        assert answer.json()["type"] == "urn:uqa:problem:late"


def test_a_request_that_no_queue_can_hold_is_told_to_be_split(tmp_path: Path) -> None:
    with faulty_service(tmp_path, limits={"queue_items": 4}) as service:
        answer = service.declare(*(item(f"{n}") for n in range(5)))
        assert answer.status_code == 422
        assert "split it" in answer.json()["detail"]
        assert service.declare(*(item(f"{n}") for n in range(4))).status_code == 200


def test_the_log_counts_what_the_meters_count(tmp_path: Path) -> None:
    with faulty_service(tmp_path) as service:
        for _ in range(3):
            service.declare(item("counted"))
        lines = [json.loads(line) for line in service.log().split("\n") if line]
        told = [line for line in lines if line.get("route") == "/v1/declare"]
        assert [(line["status"], line["reason"]) for line in told] == [(200, "ok")] * 3
        assert service.meter("uqa_batch_items_total") == 3
