"""The queue of a model: batches, shared items, disconnected clients, and faults of the model."""

import http.client
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from running import GUARD, Running, batches, faulty_service, item, post, wait_for

# Limits that do not depend on the measured speed, which differs on a busy machine.
BATCH = {"batch_tokens": 60, "queue_seconds": 600.0, "batch_seconds": 600.0}
PATIENT = {**BATCH, "hang": 600.0, "hang_min": 600.0, "deadline": 600.0}
IMPATIENT = {**BATCH, "hang": 1.5, "hang_min": 1.0, "deadline": 60.0}


@pytest.fixture(scope="module")
def patient_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("patient")


@pytest.fixture(scope="module")
def patient(patient_folder: Path) -> Iterator[Running]:
    with faulty_service(patient_folder, limits=PATIENT) as service:
        # Now the speed is known: batches are full, and one item takes almost no time.
        for number in range(3):
            service.declare(item(f"warm {number} {'x' * 200}"))
        yield service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("impatient")
    with faulty_service(folder, limits=IMPATIENT, pace=0.02) as service:
        yield service


class Gate:
    """While the gate is closed, the model is busy with one item."""

    def __init__(self, service: Running, folder: Path) -> None:
        self._service = service
        self._folder = folder
        (folder / "open").unlink(missing_ok=True)
        (folder / "seen").unlink(missing_ok=True)
        self._busy = post(service.port, "/v1/declare", {"items": [item("GATE")]})
        wait_for(lambda: bool(batches(folder)), service.log)

    def open(self) -> list[list[str]]:
        """Open the gate; return the batches that the model received until the queue was empty."""
        (self._folder / "open").touch()
        assert self._busy.recv(12) == b"HTTP/1.1 200"
        self._busy.close()
        self._service.wait_until("uqa_queue_items", lambda items: items == 0)
        self._service.declare(item("sentinel"))  # once it is answered, the others were received
        first, *seen, last = batches(self._folder)
        assert (first, last) == (["GATE"], ["sentinel"])
        return seen


@pytest.fixture
def gate(patient: Running, patient_folder: Path) -> Iterator[Gate]:
    gate = Gate(patient, patient_folder)
    yield gate
    (patient_folder / "open").touch()


def queued(service: Running, items: int) -> None:
    service.wait_until("uqa_queue_items", lambda now: now == items)


def send_one_by_one(service: Running, *questions: str) -> list[socket.socket]:
    """Send each question from a client of its own, in this order, while the gate is closed."""
    clients = []
    for number, question in enumerate(questions, start=1):
        clients.append(post(service.port, "/v1/declare", {"items": [item(question)]}))
        queued(service, number)
    return clients


def statement(client: socket.socket) -> str:
    answer = http.client.HTTPResponse(client)
    answer.begin()
    with client:
        return json.loads(answer.read())["items"][0]["statement"]


def test_many_clients_items_make_common_batches_oldest_first(patient: Running, gate: Gate) -> None:
    questions = [f"question {n}" for n in range(8)]
    clients = send_one_by_one(patient, *questions)
    assert gate.open() == [questions], "one batch"
    assert [statement(client) for client in clients] == [f"{q} yes." for q in questions]


def test_a_batch_keeps_to_its_tokens_with_padding(patient: Running, gate: Gate) -> None:
    short = [f"{n}" for n in range(40)]  # 2 tokens each
    long = "x" * 160  # 41 tokens
    items = [*map(item, short[:5]), item(long), *map(item, short[5:])]
    body = {"items": items}
    client = post(patient.port, "/v1/declare", body)
    queued(patient, 41)
    assert gate.open() == [short[:5], [long], short[5:35], short[35:]]
    client.close()


def test_equal_questions_of_several_clients_are_sent_once(patient: Running, gate: Gate) -> None:
    before = patient.metric("uqa_shared_items_total")
    clients = [
        post(patient.port, "/v1/declare", {"items": [item("the same"), item(" the  same ")]})
        for _ in range(6)
    ]
    patient.wait_until("uqa_shared_items_total", lambda now: now == before + 11)
    assert gate.open() == [["the same"]]
    assert {statement(client) for client in clients} == {"the same yes."}


def test_a_question_in_a_running_batch_is_not_sent_again(patient: Running, gate: Gate) -> None:
    before = patient.metric("uqa_shared_items_total")
    client = post(patient.port, "/v1/declare", {"items": [item("GATE")]})
    patient.wait_until("uqa_shared_items_total", lambda now: now == before + 1)
    assert gate.open() == []
    assert statement(client) == "GATE yes."


def test_a_disconnected_client_does_not_cancel_an_item_that_another_needs(
    patient: Running, gate: Gate
) -> None:
    before = patient.metric("uqa_cancelled_items_total")
    leaves, stays = send_one_by_one(patient, "leaves", "stays")
    shares = post(patient.port, "/v1/declare", {"items": [item("leaves"), item("only mine")]})
    queued(patient, 3)
    leaves.close()
    other = post(patient.port, "/v1/declare", {"items": [item("last")]})
    queued(patient, 4)
    assert gate.open() == [["leaves", "stays", "only mine", "last"]]
    assert [statement(c) for c in (shares, stays)] == ["leaves yes.", "stays yes."]
    other.close()
    assert patient.metric("uqa_cancelled_items_total") == before


def test_items_of_disconnected_clients_never_reach_the_model(patient: Running, gate: Gate) -> None:
    """Fault 17 at CI size: 200 clients disconnect while they wait."""
    before = patient.metric("uqa_cancelled_items_total")
    clients = [
        post(patient.port, "/v1/declare", {"items": [item(f"gone {n}")]}) for n in range(200)
    ]
    queued(patient, 200)
    for client in clients:
        client.close()
    patient.wait_until("uqa_queue_items", lambda now: now == 0)
    assert patient.metric("uqa_queue_tokens") == 0
    assert patient.metric("uqa_cancelled_items_total") == before + 200
    assert gate.open() == []
    assert patient.declare(item("still here")).status_code == 200


def together(service: Running, *questions: str) -> list[dict[str, Any]]:
    """Send each question from a client of its own, while the model is busy."""
    (service.folder / "seen").unlink(missing_ok=True)
    with ThreadPoolExecutor(len(questions) + 1) as pool:
        busy = pool.submit(service.declare, *(item(f"busy {n}") for n in range(4)))
        waiting = [pool.submit(service.declare, item(question)) for question in questions]
        assert busy.result().status_code == 200
        return [{"status": w.result().status_code, **w.result().json()} for w in waiting]


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        ("POISON", 500, "model-failed"),
        ("FEWER", 500, "model-failed"),
        ("HANG", 504, "model-hung"),
        ("DIE", 500, "model-died"),
    ],
)
def test_a_fault_fails_only_its_own_item(
    service: Running, fault: str, status: int, kind: str
) -> None:
    answers = together(service, "a", "b", fault, "c", "d")
    assert [a["status"] for a in answers] == [200, 200, status, 200, 200]
    assert answers[2]["type"] == f"urn:uqa:problem:{kind}"
    assert "canary" not in service.log()
    assert [fault] in batches(service.folder), "alone"
    service.wait_ready()


def test_a_fault_does_not_affect_the_next_batch_in_the_pipe(service: Running) -> None:
    """Batches of two; while the model works on one, the next one is already sent."""
    long = "x" * 80
    faults = {2: "DIE", 5: "POISON", 8: "HANG"}
    questions = [f"{n} {faults.get(n, 'good')} {long}" for n in range(12)]
    answers = together(service, *questions)
    expected = {"DIE": 500, "POISON": 500, "HANG": 504}
    assert [a["status"] for a in answers] == [
        expected.get(faults.get(n, ""), 200) for n in range(12)
    ]
    good = [a["items"][0]["statement"] for a in answers if a["status"] == 200]
    assert good == [f"{q} yes." for n, q in enumerate(questions) if n not in faults]


def test_a_model_that_no_signal_interrupts_is_replaced(service: Running) -> None:
    (service.folder / "seen").unlink(missing_ok=True)
    answer = service.declare(item("STUCK"))
    assert answer.status_code == 504
    assert service.declare(item("after it")).status_code == 200
    assert batches(service.folder) == [["STUCK"], ["after it"]]


def test_a_model_killed_while_idle_loses_no_request(service: Running) -> None:
    assert service.declare(item("before it")).status_code == 200
    for name in ("at once", "later"):
        service.wait_ready()
        (model,) = psutil.Process(service.process.pid).children()
        model.kill()
        model.wait(GUARD)
        if name == "later":
            service.wait_ready()
        assert service.declare(item(name)).status_code == 200


def test_each_request_gets_its_own_answer_through_a_restart_and_a_failure(tmp_path: Path) -> None:
    """A batch waits in the pipe of the lost process; others come after it."""
    limits = {"batch_items": 2, "hang": 60.0, "hang_min": 60.0, "deadline": 60.0}
    with faulty_service(tmp_path, limits=limits, pace=0.01) as service:
        for number in range(6):
            service.declare(item(f"warm {number}"))
        with ThreadPoolExecutor(3) as pool:
            first = pool.submit(service.declare, item("GATE a1"), item("GATE a2 DIE"))
            service.wait_until("uqa_batch_items_total", lambda seen: seen == 8)
            second = pool.submit(service.declare, item("b1"), item("b2 POISON"))
            third = pool.submit(service.declare, *(item(f"c{n}") for n in range(6)))
            # Until both wait; the first of them may be in the pipe.
            arrived = "uqa_(?:batch_items_total|queue_items)"
            service.wait_until(arrived, lambda items: items == 16)
            (tmp_path / "open").touch()
        questions_of = {first: ["GATE a1"], second: ["b1"], third: [f"c{n}" for n in range(6)]}
        for answer, questions in questions_of.items():
            statements = [one.get("statement") for one in answer.result().json()["items"]]
            assert [one for one in statements if one] == [
                f"{question} yes." for question in questions
            ]
        assert service.client.get("/health/live").status_code == 200


def test_neighbours_in_the_request_are_answered_too(service: Running) -> None:
    answer = service.declare(item("a"), item("POISON"), item("EMPTY"), {"question": 1}, item("b"))
    assert answer.status_code == 200
    items = answer.json()["items"]
    assert [one.get("statement") for one in items] == ["a yes.", None, None, None, "b yes."]
    found = [one["problem"] for one in items if "problem" in one]
    assert [(p["item"], p["status"]) for p in found] == [(1, 500), (2, 500), (3, 422)]
