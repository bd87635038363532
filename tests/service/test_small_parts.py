"""Entropy, files, the disk's thread, records as JSON, and what clients listen to."""

import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from pathlib import Path

import pytest

from offhook.notes import Note, Severity, note
from offhook.phone.events import HookEdge, KeypadScan
from offhook.phone.settings import PhoneSettings
from offhook.ports import Crosspoint
from offhook.service.commands import Ears, with_keys
from offhook.service.control import Client, Clients
from offhook.service.disk import MAX_JOBS, Disk
from offhook.service.entropy import SystemEntropy
from offhook.service.files import write_atomically
from offhook.service.plain import plain
from offhook.sip.account import Account
from offhook.units import Endpoint, Seconds


def test_tokens_have_the_bits_asked_for_and_never_repeat() -> None:
    entropy = SystemEntropy()
    tokens = {entropy.token(64) for _ in range(10_000)}
    assert len(tokens) == 10_000
    assert all(len(token) == 16 and int(token, 16) >= 0 for token in tokens)
    assert len(entropy.token(65)) == 18


def test_numbers_stay_in_their_range_and_reach_both_ends() -> None:
    entropy = SystemEntropy()
    assert {entropy.below(3) for _ in range(200)} == {0, 1, 2}
    drawn = [entropy.uniform(2.0, 4.0) for _ in range(1000)]
    assert 2.0 <= min(drawn) < 2.1
    assert 3.9 < max(drawn) <= 4.0


class TestFiles:
    """Old or new, never half."""

    def test_a_file_is_replaced_whole_with_its_mode(self, tmp_path: Path) -> None:
        path = tmp_path / "x"
        write_atomically(path, b"old")
        write_atomically(path, b"new")
        assert path.read_bytes() == b"new"
        assert path.stat().st_mode & 0o777 == 0o600
        assert os.listdir(tmp_path) == ["x"]

    def test_row_c9_a_write_that_fails_leaves_the_old_one_and_no_litter(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "x"
        write_atomically(path, b"old")

        def full(_descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            write_atomically(path, b"new")
        assert path.read_bytes() == b"old"
        assert os.listdir(tmp_path) == ["x"]


@pytest.mark.integration
class TestDisk:
    """Jobs on a thread of their own."""

    def test_jobs_are_done_in_order_and_their_notes_told(self) -> None:
        notes: list[Note] = []
        disk = Disk(notes.append)
        done: list[int] = []

        def job(number: int) -> list[Note]:
            done.append(number)
            return [note("done")]

        for number in range(10):
            disk.do("x", partial(job, number))
        disk.close()
        assert done == list(range(10))
        assert len(notes) == 10

    def test_a_disk_that_fails_is_noted_not_raised(self) -> None:
        notes: list[Note] = []

        def job() -> None:
            raise OSError("read-only")

        disk = Disk(notes.append)
        disk.do("settings", job)
        disk.close()
        assert [(each.what, each.severity) for each in notes] == [
            ("disk not writable", Severity.WARNING)
        ]

    def test_a_disk_that_hangs_costs_jobs_not_memory(self) -> None:
        notes: list[Note] = []
        disk = Disk(notes.append)
        reader, writer = os.pipe()

        def hang() -> None:
            os.read(reader, 1)

        disk.do("hang", hang)
        for _ in range(MAX_JOBS + 5):
            disk.do("more", lambda: None)
        with pytest.raises(OSError, match="does not answer"):
            disk.ask(lambda: 1)
        os.write(writer, b"!")
        disk.close()
        os.close(reader)
        os.close(writer)
        assert [each.what for each in notes] == ["disk does not answer"] * 6


class TestPlain:
    """Records as JSON."""

    def test_a_field_kept_out_of_repr_is_hidden(self) -> None:
        shown = plain(Account("200", "pbx", "hunter2"))
        assert "hunter2" not in json.dumps(shown)
        assert isinstance(shown, dict)
        assert shown["password"] == "<hidden>"  # noqa: S105

    def test_everything_in_the_settings_can_be_shown(self) -> None:
        shown = plain(PhoneSettings())
        assert isinstance(shown, dict)
        assert json.loads(json.dumps(shown))["keypad"]["keys"]["0,0"] == "1"

    def test_values_take_the_form_a_reader_expects(self) -> None:
        class Colour(Enum):
            RED = 1

        @dataclass
        class Record:
            at: datetime
            peer: Endpoint
            colour: Colour = Colour.RED
            parts: tuple[float, ...] = field(default=(1.5,))

        assert plain(Record(datetime(2026, 1, 2, tzinfo=UTC), Endpoint("::1", 5))) == {
            "at": "2026-01-02T00:00:00+00:00", "peer": "[::1]:5", "colour": "red", "parts": [1.5],
        }  # fmt: skip


class TestEars:
    """What is told to whoever listens."""

    @staticmethod
    def ears() -> tuple[Ears, list[dict[str, object]], Client]:
        told: list[dict[str, object]] = []

        class Listener(Client):
            def send(self, data: bytes) -> None:
                told.append(json.loads(data))

        clients = Clients(lambda _client, _request: None, "0")
        client = Listener(clients)
        clients.connected.add(client)
        return Ears(clients, {Crosspoint(0, 0): "1"}), told, client

    def test_a_message_is_told_redacted_to_those_who_trace(self) -> None:
        ears, told, client = self.ears()
        here, there = Endpoint("192.0.2.20", 1), Endpoint("192.0.2.1", 5060)
        message = b'REGISTER sip:x SIP/2.0\r\nAuthorization: Digest response="6629fae4"\r\n'
        ears.message(True, message, here, there, Seconds(1))
        assert told == []
        client.topics.add("trace")
        ears.message(True, message, here, there, Seconds(1))
        ears.message(True, b"\r\n\r\n", here, there, Seconds(2))
        [line] = told
        assert line["trace"] == {
            "at": 1, "out": True, "local": "192.0.2.20:1", "peer": "192.0.2.1:5060",
            "text": "REGISTER sip:x SIP/2.0\nAuthorization: Digest <hidden>\n",
        }  # fmt: skip

    def test_key_contacts_are_told_by_the_names_on_the_keys(self) -> None:
        ears, told, client = self.ears()
        client.topics.add("keys")
        ears.event(KeypadScan(frozenset({Crosspoint(0, 0), Crosspoint(3, 2)})), Seconds(1))
        ears.event(HookEdge(lifted=True), Seconds(2))
        ears.event(HookEdge(lifted=True), Seconds(3))  # read again, as it is twice a second
        assert told == [
            {"keys": {"at": 1, "closed": ["1", "3,2"]}},
            {"keys": {"at": 2, "lifted": True}},
        ]


def test_the_board_says_which_key_is_where() -> None:
    layout = {Crosspoint(0, 0): "7"}
    assert with_keys(PhoneSettings(), layout).keypad.keys == layout
    assert with_keys(PhoneSettings(), None) == PhoneSettings()
