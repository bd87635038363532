"""What people see."""

import tomllib
from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from offhook.cli.ladder import Ladder, summary
from offhook.cli.show import calls, contacts, duration, settings, status, table
from offhook.service.control_protocol import Json

STATUS: dict[str, Json] = {
    "state": "talking", "lifted": True, "registered": True, "microphone": True, "missed": 2,
    "registration": "registered at 192.0.2.1:5060", "local": "192.0.2.20:40231",
    "display": "Echo", "tone": "", "lamp": False, "sound_trouble": "card gone: plug it in",
    "dial_plan_trouble": "", "codecs": ["PCMA", "PCMU"],
    "calls": [
        {"incoming": False, "party": "600", "name": "Echo", "state": "up", "codec": "PCMA",
         "talked": 187.2, "packets_received": 990, "packets_lost": 10, "jitter": 0.0021,
         "playout_delay": 0.034, "round_trip": 0.012},
    ],
    "service": {"version": "0.1.0", "uptime": 4000.0, "board": "desk", "voice": "alive",
                "troubles": ["no GPIO chip"], "lines_lost": 0},
}  # fmt: skip


def test_status_is_one_screen_with_columns_that_line_up() -> None:
    lines = status(STATUS).splitlines()
    assert lines == [
        "phone    talking, handset up, microphone open, 2 missed",
        "server   registered at 192.0.2.1:5060",
        "address  192.0.2.20:40231",
        "display  Echo",
        "codecs   PCMA PCMU",
        "voice    alive",
        "board    desk",
        "running  1:06:40, version 0.1.0",
        "call     to 600, Echo, up, 3:07, PCMA, lost 1.0 %, jitter 2.1 ms, delay 34 ms,"
        " round trip 12 ms",
        "trouble  card gone: plug it in",
        "trouble  no GPIO chip",
    ]


def test_a_muted_microphone_is_not_called_open() -> None:
    shown = status({**STATUS, "muted": True}).splitlines()[0]
    assert shown == "phone    talking, handset up, muted, 2 missed"


def test_a_status_with_nothing_in_it_is_still_shown() -> None:
    assert status({}).startswith("phone    ")


def test_the_call_log_lines_up_and_shows_local_time() -> None:
    shown = calls(
        [
            {"ended": "2026-11-22T14:05:00+00:00", "incoming": True, "party": "", "name": "",
             "outcome": "missed", "cause": "487 Request Terminated", "talked": 0},
            {"ended": "2026-11-22T13:00:00+00:00", "incoming": False, "party": "600",
             "name": "Écho", "outcome": "answered", "cause": "hung up here", "talked": 3.4},
        ],
        UTC,
    )  # fmt: skip
    assert shown.splitlines() == [
        "when                   number    name  talked  outcome   why",
        "2026-11-22 14:05  in   withheld        -       missed    487 Request Terminated",
        "2026-11-22 13:00  out  600       Écho  0:03    answered  hung up here",
    ]


def test_an_empty_call_log_says_so() -> None:
    assert calls([]) == "No calls yet."


def test_wide_and_combining_characters_keep_the_columns() -> None:
    assert table([("電話", "x"), ("e\u0301", "y"), ("abcd", "z")]).splitlines() == [
        "電話  x",
        "e\u0301     y",
        "abcd  z",
    ]


def test_durations_read_like_a_clock() -> None:
    assert [duration(each) for each in (0, 59.6, 3599, 3600, 90061)] == [
        "0:00", "1:00", "59:59", "1:00:00", "25:01:01",
    ]  # fmt: skip


def test_settings_are_a_toml_file() -> None:
    shown: Json = {
        "account": {"user": "200", "display_name": 'Zoë "Z"', "port": 5060},
        "phone": {"call_waiting": True, "hook": {"on_hook_ms": 60}, "codecs": ["PCMA", "PCMU"]},
    }
    lines = list(settings(shown))
    assert lines == [
        "[account]", 'user = "200"', 'display_name = "Zoë \\"Z\\""', "port = 5060",
        "# The password is in password_file or a credential; it is never shown.",
        "", "[phone]", "call_waiting = true", 'codecs = ["PCMA", "PCMU"]',
        "", "[phone.hook]", "on_hook_ms = 60",
    ]  # fmt: skip
    assert tomllib.loads("\n".join(lines)) == shown
    assert list(settings(None)) == []


@given(st.dictionaries(st.sampled_from([*STATUS]), st.text() | st.none()))
def test_row_21_nothing_that_is_shown_harms_a_terminal(report: dict[str, str | None]) -> None:
    assert all(line.isprintable() for line in status(report).split("\n"))


def test_contacts_are_told_in_words() -> None:
    lines = [
        *contacts({"at": 4.5, "closed": ["1", "3,2"]}),
        *contacts({"at": 4.6, "closed": []}),
        *contacts({"at": 5, "lifted": True}),
        *contacts({"at": 6, "lifted": False}),
    ]
    assert lines == [
        "    4.500  closed: 1 3,2",
        "    4.600  all keys open",
        "    5.000  handset up",
        "    6.000  handset down",
    ]


class TestLadder:
    """`offhook trace`."""

    INVITE = "INVITE sip:600@pbx SIP/2.0\nCSeq: 2 INVITE\nVia: x"

    @staticmethod
    def message(at: float, out: bool, text: str, peer: str = "192.0.2.1:5060") -> dict[str, Json]:
        return {"at": at, "out": out, "local": "192.0.2.20:40231", "peer": peer, "text": text}

    def test_arrows_point_from_who_to_whom(self) -> None:
        ladder = Ladder()
        lines = [
            *ladder.rungs(self.message(100.0, True, self.INVITE)),
            *ladder.rungs(self.message(100.021, False, "SIP/2.0 180 Ringing\nCSeq: 2 INVITE")),
        ]
        assert lines == [
            "          192.0.2.20:40231              192.0.2.1:5060",
            "    0.000 |----------------- INVITE ---------------->|  2 INVITE",
            "    0.021 |<-------------- 180 Ringing --------------|  2 INVITE",
        ]

    def test_another_peer_gets_a_head_of_its_own(self) -> None:
        ladder = Ladder()
        list(ladder.rungs(self.message(0, True, self.INVITE)))
        head, _ = ladder.rungs(self.message(1, True, self.INVITE, "198.51.100.9:5060"))
        assert "198.51.100.9:5060" in head

    def test_messages_can_be_shown_whole(self) -> None:
        lines = list(Ladder(whole=True).rungs(self.message(0, True, self.INVITE)))
        assert lines[2:] == [
            *(f"            {line}" for line in self.INVITE.split("\n")), "",
        ]  # fmt: skip

    @given(st.text())
    def test_any_message_makes_printable_rungs(self, text: str) -> None:
        for line in Ladder(whole=True).rungs(self.message(0, False, text)):
            assert line.isprintable()

    def test_a_response_is_told_by_status_a_request_by_method(self) -> None:
        assert summary("SIP/2.0 486 Busy Here\nX: 1") == "486 Busy Here"
        assert summary("BYE sip:x SIP/2.0") == "BYE"
