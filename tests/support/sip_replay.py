"""Plays a scenario log against an agent: a conversation a telephone engineer can read.

Each line is ``seconds mark words``; a blank line or one that starts with # is for people.

    do   what the phone wants: register, unregister, place 1014, ring, answer, reject 486,
         hang_up, offer, accept
    >>   what the server says: ``401 REGISTER`` answers our last REGISTER, ``INVITE`` is a request;
         then headers, each after a bar: ``200 INVITE | Contact: <sip:gw@192.0.2.1>``
    <<   what we must send then: ``ACK``, ``200 BYE``; texts it must hold, each after a bar
    ==   what the phone must be told then: ``Ended 487``; texts, each after a bar

Sends and tellings are checked in their own order; nothing may be early, nothing left over.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from offhook.notes import Note
from offhook.sip.actions import Action, CallRef, Send
from offhook.sip.message import Message, Request
from offhook.sip.parser import parse
from offhook.units import Seconds
from support.pair import kind
from support.sip_peer import ANSWER, OFFER, Bench, account

FIRST = CallRef(1)
EARLY = 0.05  # what comes sooner than this before its line is too early
TINY = 1e-9  # a timer due at the time of a line fires before it


@dataclass
class Replay:
    """One log under way."""

    bench: Bench = field(default_factory=lambda: Bench(account()))
    sent: list[Message] = field(default_factory=list)
    told: list[Action] = field(default_factory=list)
    last: dict[str, Request] = field(default_factory=dict)
    tag: str = ""
    branch: str = "z9hG4bKlog"
    cseq: int = 100

    def play(self, path: Path) -> None:
        """Every line in turn."""
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            at, mark, words = line.split(maxsplit=2)
            try:
                self._advance(Seconds(float(at)))
                self._line(mark, [part.strip() for part in words.split(" | ")])
            except AssertionError as error:
                raise AssertionError(f"{path.name}:{number}: {line}\n{error}") from None
        self._nothing_left(path.name)

    def _nothing_left(self, name: str) -> None:
        assert not self.sent, f"{name}: also sent {[kind(one) for one in self.sent]}"
        assert not self.told, f"{name}: also told {self.told}"

    def _advance(self, at: Seconds) -> None:
        if at > self.bench.now:
            self._quiet_until(at)
            self.bench.run(max(0.0, at - self.bench.now - EARLY))
            self._collect()
            self._quiet_until(at)
            self.bench.run(at - self.bench.now + TINY)
            self._collect()

    def _quiet_until(self, at: Seconds) -> None:
        assert not self.sent, f"before {at} also sent {[kind(one) for one in self.sent]}"
        assert not self.told, f"before {at} also told {self.told}"

    def _line(self, mark: str, parts: list[str]) -> None:
        match mark:
            case "do":
                self._do(*parts[0].split())
            case ">>":
                self._say(parts[0], parts[1:])
            case "<<":
                self._check_sent(parts[0], parts[1:])
            case "==":
                self._check_told(parts[0], parts[1:])
            case _:
                raise AssertionError(f"what is {mark}?")
        self._collect()

    def _do(self, what: str, argument: str = "") -> None:
        bench, agent, now = self.bench, self.bench.agent, self.bench.now
        simple = {
            "register": lambda: agent.register(now),
            "unregister": lambda: agent.unregister(now),
            "place": lambda: agent.place(argument, OFFER, now)[1],
            "ring": lambda: agent.ring(FIRST, now),
            "answer": lambda: agent.answer(FIRST, OFFER, now),
            "reject": lambda: agent.reject(FIRST, int(argument), now),
            "hang_up": lambda: agent.hang_up(FIRST, now),
            "offer": lambda: agent.offer(FIRST, OFFER, now),
            "accept": lambda: agent.accept(FIRST, OFFER, now),
        }
        bench.take(simple[what]())

    def _say(self, what: str, headers: list[str]) -> None:
        named = re.fullmatch(r"(?:(\d{3}) )?([A-Z]+)(?: tag=(\S*))?", what)
        assert named, f"not a message: {what}"
        status, method, tag = named.groups()
        if status is None:
            self._ask(method, headers)
            return
        extra = [(name, value.strip()) for name, _, value in (h.partition(":") for h in headers)]
        request = self.last[method]
        body = ANSWER if method == "INVITE" and status in {"183", "200"} else b""
        self.bench.answer(request, int(status), extra, body, tag=tag or "peer")

    def _ask(self, method: str, headers: list[str]) -> None:
        same = method in {"ACK", "CANCEL"}
        if not same:
            self.cseq += 1
            self.branch = f"z9hG4bKlog{self.cseq}"
        data = self.bench.invite(
            "\n".join(headers),
            ANSWER if method == "INVITE" else b"",
            method=method,
            cseq=self.cseq,
            branch=f"{self.branch}a" if method == "ACK" else self.branch,
            to_tag="" if method == "CANCEL" else self.tag,
        )
        self.bench.hear(data)

    def _collect(self) -> None:
        for send in self.bench.sends:
            if send.data.strip():
                self._remember(send)
        self.bench.sends.clear()
        self.told += [one for one in self.bench.done if not isinstance(one, Note)]
        self.bench.done.clear()

    def _remember(self, send: Send) -> None:
        message = parse(send.data)
        self.sent.append(message)
        if isinstance(message, Request):
            self.last[message.method] = message
        elif message.to.tag and message.cseq.method == "INVITE":
            self.tag = message.to.tag

    def _check_sent(self, what: str, texts: list[str]) -> None:
        assert self.sent, "nothing was sent"
        message = self.sent.pop(0)
        assert kind(message) == what, f"sent {kind(message)}"
        text = bytes(message).decode("latin-1")
        for part in texts:
            assert part in text, f"{part!r} is not in\n{text}"

    def _check_told(self, what: str, texts: list[str]) -> None:
        assert self.told, "nothing was told"
        action = self.told.pop(0)
        name, _, status = what.partition(" ")
        assert type(action).__name__ == name, f"told {action}"
        for part in [f"status={status}", *texts] if status else texts:
            assert part in repr(action), f"{part!r} is not in {action}"
