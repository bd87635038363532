"""The control socket's clients, without a socket."""

import asyncio
import json
import os
import stat
from pathlib import Path

import pytest

from offhook.service.control import MAX_CLIENTS, MAX_UNSENT, Client, Clients, listen
from offhook.service.control_protocol import MAX_LINE, RefusedError, Request


class Wire(asyncio.Transport):
    """A transport that keeps what was written."""

    def __init__(self, unread: int = 0) -> None:
        super().__init__()
        self.written = b""
        self.state = "open"
        self.unread = unread

    def write(self, data: "bytes | bytearray | memoryview[int]") -> None:
        self.written += bytes(data)

    def get_write_buffer_size(self) -> int:
        return self.unread

    def is_closing(self) -> bool:
        return self.state != "open"

    def close(self) -> None:
        self.state = "closed"

    def abort(self) -> None:
        self.state = "aborted"

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.written.splitlines()]


class House:
    """Clients and what they asked."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.clients = Clients(self._obey, "0.1.0")

    def _obey(self, client: Client, request: Request) -> None:
        if request.text == "X":
            raise RefusedError("no key X")
        self.asked.append(request)
        client.done(request)

    def enter(self, unread: int = 0) -> tuple[Client, Wire]:
        client, wire = Client(self.clients), Wire(unread)
        client.connection_made(wire)
        return client, wire


@pytest.fixture
def house() -> House:
    return House()


def test_a_client_is_greeted_with_the_version(house: House) -> None:
    _, wire = house.enter()
    assert wire.lines() == [{"offhook": 1, "version": "0.1.0"}]


def test_requests_are_answered_in_order_however_they_are_cut(house: House) -> None:
    client, wire = house.enter()
    for byte in b'{"id":1,"do":"status"}\n\n{"id":2,"do":"answer"}\n{"id":3':
        client.data_received(bytes([byte]))
    assert [answer["id"] for answer in wire.lines()[1:]] == [1, 2]


def test_a_refusal_names_the_request_and_the_reason(house: House) -> None:
    client, wire = house.enter()
    client.data_received(b'{"id":4,"do":"key","key":"X"}\nnonsense\n')
    assert wire.lines()[1] == {"id": 4, "ok": False, "error": "no key X"}
    assert wire.lines()[2]["ok"] is False


def test_a_line_without_end_is_cut_off(house: House) -> None:
    client, wire = house.enter()
    for _ in range(10):
        client.data_received(b"x" * MAX_LINE)
        if wire.is_closing():
            break
    assert wire.state == "closed"


def test_only_so_many_are_let_in(house: House) -> None:
    wires = [house.enter()[1] for _ in range(MAX_CLIENTS + 2)]
    assert [wire.state for wire in wires].count("closed") == 2
    assert len(house.clients.connected) == MAX_CLIENTS


def test_who_leaves_makes_room(house: House) -> None:
    clients = [house.enter()[0] for _ in range(MAX_CLIENTS)]
    clients[0].connection_lost(None)
    assert house.enter()[1].state == "open"


def test_a_topic_reaches_those_who_asked_and_nobody_else(house: House) -> None:
    listener, heard = house.enter()
    _, other = house.enter()
    assert not house.clients.wanted("trace")
    listener.topics.add("trace")
    assert house.clients.wanted("trace")
    house.clients.tell("trace", {"text": "BYE"})
    assert heard.lines()[-1] == {"trace": {"text": "BYE"}}
    assert len(other.lines()) == 1


def test_a_listener_that_does_not_read_is_cut_off_not_waited_for(house: House) -> None:
    client, wire = house.enter(unread=MAX_UNSENT + 1)
    client.topics.add("trace")
    house.clients.tell("trace", {"text": "BYE"})
    assert wire.state == "aborted"


def test_an_answer_that_comes_after_the_client_left_goes_nowhere(house: House) -> None:
    client, wire = house.enter()
    client.connection_lost(None)
    client.done(Request(1, "calls"))
    assert len(wire.lines()) == 1


@pytest.mark.integration
class TestTheSocket:
    """On the file system."""

    def test_it_is_0660_whatever_the_umask(self, tmp_path: Path, house: House) -> None:
        async def modes() -> list[int]:
            found = []
            for number, mask in enumerate((0, 0o022, 0o077)):
                before = os.umask(mask)
                path = tmp_path / str(number)
                server = await listen(path, house.clients)
                os.umask(before)
                found.append(stat.S_IMODE(path.stat().st_mode))
                server.close()
            return found

        assert asyncio.run(modes()) == [0o660] * 3

    def test_a_file_that_is_no_socket_is_not_removed(self, tmp_path: Path, house: House) -> None:
        (tmp_path / "control").write_text("precious")
        with pytest.raises(FileExistsError, match="no socket"):
            asyncio.run(_listen(tmp_path / "control", house))
        assert (tmp_path / "control").read_text() == "precious"


async def _listen(path: Path, house: House) -> None:
    await listen(path, house.clients)
