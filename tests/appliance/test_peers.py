"""peers.json into the firewall's sets."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.appliance import peers
from offhook.appliance.exits import DONE, FAILED, REFUSED
from offhook.appliance.peers import MAX_SIZE, parse, script
from offhook.service.handover import Handover


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "run/offhook").mkdir(parents=True)
    return tmp_path


def test_what_the_phone_writes_is_what_the_firewall_gets(root: Path) -> None:
    handover = Handover({"RUNTIME_DIRECTORY": str(root / "run/offhook")})
    handover.peers(["192.0.2.2", "192.0.2.1", "2001:db8::1"], 5060)
    given: list[tuple[Sequence[str], str]] = []
    assert peers.run(root, lambda *call: given.append(call)) == DONE
    assert given == [
        (
            ["nft", "-f", "-"],
            "flush set inet phone sip_ports\nadd element inet phone sip_ports { 5060 }\n"
            "flush set inet phone sip_peers4\n"
            "add element inet phone sip_peers4 { 192.0.2.1, 192.0.2.2 }\n"
            "flush set inet phone sip_peers6\nadd element inet phone sip_peers6 { 2001:db8::1 }\n",
        )
    ]


def test_nobody_trusted_empties_the_sets() -> None:
    assert script(parse(b'{"ports": [], "peers": []}')).splitlines() == [
        "flush set inet phone sip_ports", "flush set inet phone sip_peers4",
        "flush set inet phone sip_peers6",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "document",
    [
        {"ports": [5060]}, {"ports": [], "peers": [], "x": 1}, [], 5, {"ports": 1, "peers": []},
        {"ports": [True], "peers": []}, {"ports": [0], "peers": []},
        {"ports": [65536], "peers": []},
        {"ports": ["5060"], "peers": []}, {"ports": [1, 2, 3, 4, 5], "peers": []},
        {"ports": [], "peers": [1]}, {"ports": [], "peers": ["pbx.example.org"]},
        {"ports": [], "peers": ["0.0.0.0"]}, {"ports": [], "peers": ["::"]},  # noqa: S104
        {"ports": [], "peers": ["224.0.0.1"]}, {"ports": [], "peers": ["fe80::1%eth0"]},
        {"ports": [], "peers": ["192.0.2.0/24"]}, {"ports": [], "peers": ["192.0.2.1 } ; flush"]},
        {"ports": [], "peers": ["192.0.2.1"] * 65},
    ],
)  # fmt: skip
def test_anything_else_is_refused(root: Path, document: object) -> None:
    (root / peers.PEERS).write_text(json.dumps(document))
    assert peers.run(root, _never) == REFUSED


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 5000, b" " * (MAX_SIZE + 1)])
def test_so_is_what_is_no_json(root: Path, content: bytes) -> None:
    (root / peers.PEERS).write_bytes(content)
    assert peers.run(root, _never) == REFUSED


def test_before_the_phone_has_begun_there_is_nothing_to_do(root: Path) -> None:
    assert peers.run(root, _never) == DONE


def test_a_link_or_a_pipe_is_not_followed(root: Path, tmp_path: Path) -> None:
    path = root / peers.PEERS
    (tmp_path / "other").write_text('{"ports": [], "peers": []}')
    path.symlink_to(tmp_path / "other")
    assert peers.run(root, _never) == REFUSED
    path.unlink()
    os.mkfifo(path)
    assert peers.run(root, _never) == REFUSED


def test_a_firewall_that_refuses_is_told(root: Path) -> None:
    def refuses(*_: object) -> None:
        raise OSError("nft: no such table")

    (root / peers.PEERS).write_text('{"ports": [], "peers": []}')
    assert peers.run(root, refuses) == FAILED


@given(st.binary(max_size=100))
def test_no_bytes_reach_the_tool_but_numbers_and_addresses(content: bytes) -> None:
    try:
        lines = script(parse(content))
    except ValueError:
        return
    assert set(lines) <= set("abcdefghijklmnopqrstuvwxyz_ 0123456789.:,{}\n")


def _never(*_: object) -> None:
    raise AssertionError
