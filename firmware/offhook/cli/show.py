"""Answers as text for people: columns that line up, local time, nothing harms a terminal."""

import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Final

from offhook.service.control_protocol import Json
from offhook.text import printable

MAX_SETTING: Final = 4096  # characters of a line that can be pasted
COLUMNS: Final = ("when", "", "number", "name", "talked", "outcome", "why")


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows under each other, each column as wide as its widest cell."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_row(row, widths) for row in rows)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (
        cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True)
    )
    return "  ".join(padded).rstrip()


def _width(cell: str) -> int:
    """Columns on a terminal: wide characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in cell
    )


def duration(seconds: float) -> str:
    """3:07 or 1:02:03."""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def calls(entries: Json, zone: tzinfo | None = None) -> str:
    """The call log; `zone` None is that of this machine."""
    rows = [_call(entry, zone) for entry in _tables(entries)]
    return table([COLUMNS, *rows]) if rows else "No calls yet."


def _call(entry: Mapping[str, Json], zone: tzinfo | None) -> tuple[str, ...]:
    ended = datetime.fromisoformat(str(entry.get("ended"))).astimezone(zone)
    talked = number(entry.get("talked"))
    return (
        ended.strftime("%Y-%m-%d %H:%M"),
        "in" if entry.get("incoming") else "out",
        _text(entry.get("party")) or "withheld",
        _text(entry.get("name")),
        duration(talked) if talked else "-",
        _text(entry.get("outcome")),
        _text(entry.get("cause")),
    )


def status(report: Mapping[str, Json]) -> str:
    """One screen."""
    service = report.get("service")
    about = service if isinstance(service, Mapping) else {}
    rows = [
        ("phone", _state(report)),
        ("server", _text(report.get("registration"))),
        ("address", _text(report.get("local")) or "none"),
        ("display", _text(report.get("display"))),
        ("codecs", " ".join(_strings(report.get("codecs")))),
        ("voice", _text(about.get("voice"))),
        ("board", _text(about.get("board"))),
        (
            "running",
            f"{duration(number(about.get('uptime')))}, version {_text(about.get('version'))}",
        ),
        *(("call", _live(call)) for call in _tables(report.get("calls"))),
        *(("trouble", text) for text in _troubles(report, about)),
    ]
    return table([row for row in rows if row[1]])


def _state(report: Mapping[str, Json]) -> str:
    words = [_text(report.get("state")), "handset up" if report.get("lifted") else "handset down"]
    if report.get("microphone"):
        words.append("muted" if report.get("muted") else "microphone open")
    if tone := report.get("tone"):
        words.append(f"{_text(tone)} tone")
    if missed := report.get("missed"):
        words.append(f"{_text(missed)} missed")
    return ", ".join(words)


def _live(call: Mapping[str, Json]) -> str:
    trip = call.get("round_trip")
    words = [
        f"{'from' if call.get('incoming') else 'to'} {_text(call.get('party')) or 'withheld'}",
        _text(call.get("name")),
        _text(call.get("state")),
        duration(number(call.get("talked"))),
        _text(call.get("codec")),
    ]
    received, lost = number(call.get("packets_received")), number(call.get("packets_lost"))
    if received:
        share = 100 * lost / (received + lost)
        words.append(f"lost {share:.1f} %")
        words.append(f"jitter {1000 * number(call.get('jitter')):.1f} ms")
        words.append(f"delay {1000 * number(call.get('playout_delay')):.0f} ms")
    if trip is not None:
        words.append(f"round trip {1000 * number(trip):.0f} ms")
    return ", ".join(filter(None, words))


def _troubles(report: Mapping[str, Json], about: Mapping[str, Json]) -> Iterator[str]:
    for key in ("trouble", "sound_trouble", "dial_plan_trouble"):
        if text := report.get(key):
            yield printable(str(text), 320)
    for text in _strings(about.get("troubles")):
        yield printable(text, 320)
    if lost := about.get("lines_lost"):
        yield f"{number(lost):.0f} log lines lost: journald does not keep up"


def settings(value: Json, name: str = "") -> Iterator[str]:
    """The settings as a file that could be put in the place of `offhook.toml`."""
    table = value if isinstance(value, Mapping) else {}
    inside = {key: each for key, each in table.items() if isinstance(each, Mapping)}
    if name:
        yield f"[{name}]"
    for key, each in table.items():
        if key not in inside:
            yield printable(f"{key} = {_toml(each)}", MAX_SETTING)
    if name == "account":
        yield "# The password is in password_file or a credential; it is never shown."
    for key, each in inside.items():
        if name or each is not next(iter(inside.values())):
            yield ""
        yield from settings(each, f"{name}.{key}" if name else key)


def _toml(value: Json) -> str:
    """A TOML value; JSON's strings, lists and numbers are TOML's, what is printable in them."""
    return json.dumps(value, ensure_ascii=False)


def contacts(message: Mapping[str, Json]) -> Iterator[str]:
    """A line of `offhook test keys`."""
    if "lifted" in message:
        words = "handset up" if message["lifted"] else "handset down"
    else:
        closed = " ".join(_strings(message.get("closed")))
        words = f"closed: {printable(closed)}" if closed else "all keys open"
    yield f"{number(message.get('at')):9.3f}  {words}"


def number(value: Json) -> float:
    """A number, 0 where there is none."""
    return value if isinstance(value, int | float) else 0


def _text(value: Json) -> str:
    return printable(str(value)) if value not in (None, "") else ""


def _strings(value: Json) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def _tables(value: Json) -> list[Mapping[str, Json]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
