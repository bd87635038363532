"""The desk's server: what a page may do, and who may be a page."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from offhook.board.profile import load
from offhook.lab.board import SimulatedBoard, Wiring
from offhook.lab.desk import HOST, Desk, DeskServer
from offhook.lab.ladder import Ladder
from offhook.phone.settings import Function
from offhook.phone.station import Status
from offhook.sip.actions import Send
from offhook.units import Endpoint, Seconds

STATUS = Status(
    state="idle",
    lifted=False,
    registered=True,
    registration="registered at 127.0.0.1:5070",
    local=None,
    display="Ready 1001",
    lamp=False,
    missed=0,
    tone="",
    microphone=False,
    sound_trouble="",
    dial_plan_trouble="",
    codecs=("PCMU",),
    calls=(),
)


@pytest.fixture
def desk() -> Desk:
    board = SimulatedBoard(Wiring.of(load("simulated")))
    return Desk(board, Ladder(), lambda: STATUS, functions={"A": Function.FLASH})


@asynccontextmanager
async def _served(desk: Desk) -> AsyncIterator[DeskServer]:
    listener = socket.socket()
    listener.bind((HOST, 0))
    server = DeskServer(desk, listener)
    await server.open()
    try:
        yield server
    finally:
        await server.close()


def _run(desk: Desk, test: Callable[[DeskServer], Awaitable[None]]) -> None:
    async def with_server() -> None:
        async with _served(desk) as server:
            await test(server)

    asyncio.run(with_server())


def _origin(server: DeskServer) -> str:
    return f"http://{HOST}:{server.port}"


async def _get(server: DeskServer, path: str, host: str) -> tuple[str, str]:
    """Status line and the rest of an answer over plain HTTP."""
    reader, writer = await asyncio.open_connection(HOST, server.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    status, _, rest = answer.partition("\r\n")
    return status, rest


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '"lift"', '{"do": "press"}', '{"do": "press", "key": "Z"}',
     '{"do": "press", "key": ["1"]}', '{"do": "release", "key": "1"}', "[" * 900, b"\xff\xfe"],
)  # fmt: skip
def test_what_is_not_understood_moves_nothing(desk: Desk, text: str | bytes) -> None:
    held: set[str] = set()
    desk.obey(text, held)
    assert not held
    assert not desk.board.pressed
    assert not desk.board.lifted


def test_keys_and_cradle_move_as_the_page_asks(desk: Desk) -> None:
    held: set[str] = set()
    desk.obey('{"do": "lift"}', held)
    desk.obey('{"do": "press", "key": "5"}', held)
    assert desk.board.lifted
    assert set(desk.board.pressed) == held == {"5"}
    desk.obey('{"do": "release", "key": "5"}', held)
    desk.obey('{"do": "put_down"}', held)
    state = desk.state()
    assert (state["lifted"], state["pressed"], held) == (False, [], set())


def test_the_state_is_that_of_telephone_and_pins(desk: Desk) -> None:
    state = desk.state()
    assert state["text"] == "Ready 1001"
    assert state["registered"] == "registered at 127.0.0.1:5070"
    assert (state["bell"], state["lamp"], state["talking"]) == (None, False, None)


def test_a_handset_that_only_the_command_lifted_stays_drawn_on_the_cradle_and_it_is_said(
    desk: Desk,
) -> None:
    assert desk.state()["commanded"] is False
    desk.status = lambda: replace(STATUS, lifted=True)
    assert (desk.state()["lifted"], desk.state()["commanded"]) == (False, True)
    desk.board.lift()
    assert (desk.state()["lifted"], desk.state()["commanded"]) == (True, False)


def test_only_keys_with_a_meaning_are_drawn(desk: Desk) -> None:
    hello = desk.hello()
    assert hello["keys"] == list("123A456789*0#")
    assert hello["captions"] == {"A": "Flash"}


@pytest.mark.integration
def test_the_page_forbids_itself_everything_but_its_websocket(desk: Desk) -> None:
    async def test(server: DeskServer) -> None:
        status, rest = await _get(server, "/", f"localhost:{server.port}")
        assert " 200 " in status
        assert "default-src 'none'" in rest
        assert rest.count("\r\nContent-Type:") == 1
        assert "<svg" in rest

    _run(desk, test)


@pytest.mark.integration
def test_other_names_and_other_paths_are_refused(desk: Desk) -> None:
    async def test(server: DeskServer) -> None:
        ours = f"{HOST}:{server.port}"
        assert " 421 " in (await _get(server, "/", "evil.example"))[0]
        assert " 404 " in (await _get(server, "/../board.py", ours))[0]

    _run(desk, test)


@pytest.mark.integration
@pytest.mark.parametrize("origin", ["http://evil.example", "null", None])
def test_another_page_gets_no_websocket(desk: Desk, origin: str | None) -> None:
    async def test(server: DeskServer) -> None:
        headers = {} if origin is None else {"Origin": origin}
        with pytest.raises(InvalidStatus, match="403"):
            await connect(f"ws://{HOST}:{server.port}/board", additional_headers=headers)

    _run(desk, test)


@pytest.mark.integration
def test_a_page_sees_the_telephone_and_the_ladder_grow(desk: Desk) -> None:
    async def test(server: DeskServer) -> None:
        url = f"ws://{HOST}:{server.port}/board"
        async with connect(url, additional_headers={"Origin": _origin(server)}) as page:
            kinds = [json.loads(await page.recv())["type"] for _ in range(3)]
            assert kinds == ["hello", "state", "level"]
            desk.ladder.see(Send(b"BYE sip:600@x SIP/2.0\r\n\r\n", Endpoint("x", 1)), Seconds(1))
            rung = json.loads(await page.recv())
            assert (rung["type"], rung["title"], rung["out"]) == ("message", "BYE 600", True)
            await page.send('{"do": "lift"}')
            assert json.loads(await page.recv())["lifted"] is True

    _run(desk, test)


@pytest.mark.integration
def test_no_key_stays_down_when_the_page_goes_away(desk: Desk) -> None:
    async def test(server: DeskServer) -> None:
        url = f"ws://{HOST}:{server.port}/board"
        async with connect(url, additional_headers={"Origin": _origin(server)}) as page:
            await page.send('{"do": "press", "key": "7"}')
            while "7" not in json.loads(await page.recv()).get("pressed", []):
                pass
        async with asyncio.timeout(5):
            while desk.board.pressed:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    _run(desk, test)


@pytest.mark.integration
def test_a_message_that_is_too_long_ends_the_connection(desk: Desk) -> None:
    async def test(server: DeskServer) -> None:
        url = f"ws://{HOST}:{server.port}/board"
        async with connect(url, additional_headers={"Origin": _origin(server)}) as page:
            await page.send("x" * 5000)
            async with asyncio.timeout(5):
                await page.wait_closed()
        assert not desk.board.pressed

    _run(desk, test)
