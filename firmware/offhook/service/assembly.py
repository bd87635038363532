"""One telephone put together: who is made from what, and who hears whom."""

import asyncio
import contextlib
import gc
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from offhook.audio.codec import available
from offhook.board.build import Board, build
from offhook.board.profile import Profile
from offhook.notes import Note, Severity
from offhook.phone.actions import CallEnded
from offhook.phone.events import Event, HookEdge, KeypadScan, ResetWindow, RtpPort, SelfTrouble
from offhook.phone.station import Station
from offhook.service import control
from offhook.service.chores import HookReader, Task, Watchdog
from offhook.service.commands import Commands, Ears, with_keys
from offhook.service.config import Settings, keep
from offhook.service.connection import Connection
from offhook.service.control_protocol import Json
from offhook.service.disk import Disk
from offhook.service.entropy import SystemEntropy
from offhook.service.handover import Handover
from offhook.service.journal import Journal, call_line
from offhook.service.loop import Observer, Phone
from offhook.service.network import Network
from offhook.service.outlets import READY_PORTS, Outlets, Ports
from offhook.service.parts import VoiceRunner
from offhook.service.resolve import NameCache, Resolver
from offhook.service.store import Store
from offhook.service.systemd import Part, Supervisor, Vitals, watchdog_interval
from offhook.service.version import VERSION
from offhook.service.wall_clock import WallClock
from offhook.units import Endpoint, Seconds

if TYPE_CHECKING:
    from gpiozero import Factory

SETTINGS_WRONG: Final = 2
"""Beeps: see `phone.trouble`."""
PORT_RETRY: Final = Seconds(2)
"""When no RTP port was free, look again so often."""


@dataclass(slots=True)
class Telephone:
    """All parts of one running phone: opened in the order of their dependence."""

    settings: Settings
    profile: Profile
    voice: VoiceRunner
    journal: Journal
    loop: asyncio.AbstractEventLoop
    observe: Observer | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    supervisor: Supervisor = field(default_factory=Supervisor)
    board: Board = field(init=False)
    connection: Connection = field(init=False)
    outlets: Outlets = field(init=False)
    phone: Phone = field(init=False)
    store: Store = field(init=False)
    station: Station = field(init=False)
    disk: Disk = field(init=False)
    handover: Handover = field(init=False)
    distrusted: bool = False
    """The settings file is wrong; these are the last good ones."""
    clients: control.Clients = field(init=False)
    wall_clock: WallClock = field(init=False)
    _ears: Ears = field(init=False)
    _vitals: Vitals | None = None
    _trusted: tuple[frozenset[str], int | None] | None = None
    _refill: Task = field(init=False)
    _entropy: SystemEntropy = field(default_factory=SystemEntropy)
    _exit: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _started: Seconds = Seconds(0)

    def open(self, pin_factory: "Factory | None") -> None:
        """Make everything; hardware that is missing is noted and done without."""
        self._started = Seconds(self.loop.time())
        self.wall_clock = WallClock(self.note)
        self.disk = Disk(self.note_from_thread)
        self._exit.callback(self.disk.close)
        self.handover = Handover(self.environment)
        self._open_state()
        self._open_connection()
        self._open_phone()
        self._open_board(pin_factory)
        self._open_watchdog()
        self._refill = Task(self._fill_ports)
        self.phone.chores += [self.journal, self._refill]
        if self.settings.account is not None:
            self.phone.chores.append(self.connection)
        threading.excepthook = self._thread_died

    async def start(self) -> None:
        """Serve the control socket, listen to everything, and let the station begin."""
        await self._open_control()
        self.loop.add_reader(self.voice.fileno(), self._voice_speaks)
        self._exit.callback(self.loop.remove_reader, self.voice.fileno())
        self.phone.start()
        self._fill_ports(self.phone.now())
        self._listen_to_board()
        self._hear_of_the_machine()
        self.phone.arm()
        gc.collect()
        gc.freeze()  # what lives for ever need not be looked through again
        self.disk.do("last good settings", lambda: keep(self.settings))

    def close(self) -> None:
        """Silence first, then everything else, in the reverse order of opening."""
        self.supervisor.stopping()
        self._exit.close()

    def note(self, note: Note, now: Seconds | None = None) -> None:
        """Into the journal, on the loop's thread."""
        self.journal.note(note, Seconds(self.loop.time()) if now is None else now)

    def note_from_thread(self, note: Note) -> None:
        """Into the journal, from any thread."""
        self._post(lambda: self.note(note))

    def about(self) -> Mapping[str, Json]:
        """The service itself, for `offhook status`."""
        now = self.loop.time()
        return {
            "version": VERSION,
            "uptime": round(now - self._started, 1),
            "settings": str(self.settings.source),
            "board": self.profile.name,
            "hardware": list(self._hardware()),
            "troubles": list(self._troubles()),
            "voice": "alive" if self.voice.alive(Seconds(now)) else "silent",
            "lines_lost": self.journal.lost,
            "server_ahead_s": self.wall_clock.off,
        }

    # ---- parts

    def _open_state(self) -> None:
        service = self.settings.service
        try:
            service.state_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            fields = {"directory": str(service.state_directory), "error": str(error)}
            self.note(Note("no state directory", fields, Severity.WARNING))
        self.store = Store(service.state_directory / "calls.db", service.calls_kept)
        self.disk.do("call log", self.store.open)
        self._exit.callback(self.disk.do, "call log", self.store.close)

    def _open_connection(self) -> None:
        cache = NameCache(self.settings.service.state_directory / "names.json")
        for note in cache.read():
            self.note(note)
        resolver = Resolver(
            cache,
            answer=self._answered,
            post=self._post,
            save=lambda: self.disk.do("name cache", cache.save),
        )
        network = self.settings.network
        self.connection = Connection(
            loop=self.loop,
            server=self.settings.account.next_hop if self.settings.account else ("", 0),
            port=network.sip_port,
            network=Network(network.address),
            resolver=resolver,
            feed=self._feed,
            take=self._take,
            note=self.note,
            trace=self._message,
            rearm=self._rearm,
        )
        self._exit.callback(self.connection.close)
        if self.settings.account is not None:
            self.connection.open(Seconds(self.loop.time()))

    def _open_phone(self) -> None:
        keys = self.profile.keypad.keys if self.profile.keypad else None
        self.settings = replace(self.settings, phone=with_keys(self.settings.phone, keys))
        self.station = Station(
            self.settings.account,
            self.settings.phone,
            available(),
            self._entropy,
            self.connection.local,
        )
        ports = Ports(
            self.settings.network.rtp_first, self.settings.network.rtp_last, self._entropy
        )
        self._exit.callback(ports.close_all)
        self.outlets = Outlets(
            send=self.connection.send,
            local=lambda: self.connection.local,
            resolve=self.connection.resolver.resolve,
            note=self.note,
            ended=self._call_ended,
            dated=self.wall_clock.told,
            reset=lambda: self.disk.do("factory reset", self.handover.reset),
            refill=lambda: setattr(self._refill, "at", self.phone.now()),
            shown=self._shown,
            voice=self.voice,
            ports=ports,
        )
        self.phone = Phone(
            self.loop, self.station, self.outlets.perform, self.journal.always, self._seen
        )

    def _open_board(self, pin_factory: "Factory | None") -> None:
        self.board = build(
            self.profile,
            pin_factory,
            lost=lambda where, error: self._post(lambda: self.phone.crash(error, where)),
        )
        self._exit.callback(self.board.close)
        for trouble in self.board.troubles:
            self.note(Note("hardware missing", {"trouble": trouble}, Severity.WARNING))
        self.outlets.bell, self.outlets.lamp = self.board.bell, self.board.lamp

    def _open_watchdog(self) -> None:
        interval = watchdog_interval(self.environment, os.getpid())
        if interval is None:
            return
        self._vitals = Vitals(interval, Seconds(self.loop.time()))
        parts = {Part.LOOP: self.phone, Part.VOICE: self.voice}
        parts |= {Part.HOOK: self.board.hook, Part.KEYPAD: self.board.keypad}
        self._vitals.watch(part for part, there in parts.items() if there is not None)
        self.phone.chores.append(
            Watchdog(self._vitals, self.supervisor, self.voice, self.note, self.board.keypad)
        )

    async def _open_control(self) -> None:
        commands = Commands(self.phone, self.settings, self.store, self.disk, self.about)
        self.clients = control.Clients(commands.obey, VERSION)
        self._ears = Ears(self.clients, self.settings.phone.keypad.keys)
        path = self.settings.service.control_socket
        try:
            server = await control.listen(path, self.clients)
        except FileExistsError:
            raise
        except OSError as error:
            fields = {"path": str(path), "error": str(error)}
            self.note(Note("no control socket", fields, Severity.ERROR))
        else:
            self._exit.callback(self._close_control, server)

    def _listen_to_board(self) -> None:
        phone, board = self.phone, self.board
        if board.keypad is not None:
            board.keypad.listen(lambda closed, at: phone.post(KeypadScan(closed), at))
        if board.hook is not None and self.profile.hook is not None:
            board.hook.listen(lambda lifted, at: phone.post(HookEdge(lifted), at))
            every = self.profile.hook.reread
            reader = HookReader(board.hook, every, phone.feed, self.note, self._vitals)
            phone.chores.append(reader)

    def _close_control(self, server: asyncio.Server) -> None:
        server.close()
        self.settings.service.control_socket.unlink(missing_ok=True)
        for client in list(self.clients.connected):
            client.close()

    # ---- what is heard

    def _hear_of_the_machine(self) -> None:
        """What the image's helpers found, and whether it was switched on a moment ago."""
        trouble = self.handover.trouble() or (SETTINGS_WRONG if self.distrusted else 0)
        if trouble:
            self.phone.feed(SelfTrouble(trouble))
        if (until := self.handover.reset_window(self.phone.now())) is not None:
            self.phone.feed(ResetWindow(until))
        self._tell_peers()

    def _tell_peers(self) -> None:
        """The firewall lets through whom we trust: `appliance.peers`."""
        local = self.connection.local
        trusted = (self.station.agent.peers, None if local is None else local.port)
        if trusted != self._trusted:
            self._trusted = trusted
            self.disk.do("trusted peers", lambda: self.handover.peers(*trusted))

    def _feed(self, event: Event) -> None:
        self.phone.feed(event)
        self._tell_peers()

    def _take(self, event: Event) -> None:
        self.phone.take(event)

    def _rearm(self) -> None:
        self.phone.arm()

    def _answered(self, host: str, addresses: tuple[str, ...]) -> None:
        self.connection.answered(host, addresses)

    def _voice_speaks(self) -> None:
        for event in self.voice.events():
            if isinstance(event, Note):
                self.note(event)
            else:
                self.phone.feed(event)

    def _message(self, out: bool, data: bytes, local: Endpoint, peer: Endpoint) -> None:
        self._ears.message(out, data, local, peer, Seconds(self.loop.time()))

    def _seen(self, what: object, now: Seconds) -> None:
        self._ears.event(what, now)
        if self.observe is not None:
            self.observe(what, now)  # type: ignore[arg-type]  # only events and actions come here

    def _shown(self, text: str) -> None:
        self.supervisor.status(text)

    def _call_ended(self, call: CallEnded) -> None:
        self.journal.always(call_line(call))
        ended = datetime.now(UTC)
        self.disk.do("call log", lambda: self.store.add(call, ended))

    def _fill_ports(self, now: Seconds) -> None:
        """The station knows two free pairs; those it was given are counted."""
        for _ in range(READY_PORTS - len(self.outlets.ready)):
            try:
                port = self.outlets.ports.choose(self.connection.local, self.outlets.ready)
            except OSError as error:
                self.note(Note("no RTP port", {"error": str(error)}, Severity.ERROR), now)
                self._refill.at = Seconds(now + PORT_RETRY)
                return
            self.outlets.ready.add(port)
            self.phone.feed(RtpPort(port))

    def _troubles(self) -> Sequence[str]:
        clock = [self.wall_clock.trouble] if self.wall_clock.trouble else []
        return [*self._hardware(), *clock]

    def _hardware(self) -> Sequence[str]:
        failing = [f"{part} does not work" for part in sorted(self.outlets.failing)]
        return [*self.board.troubles, *failing]

    # ---- threads

    def _post(self, job: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended; so has whoever waited
            self.loop.call_soon_threadsafe(job)

    def _thread_died(self, args: threading.ExceptHookArgs) -> None:
        name = args.thread.name if args.thread is not None else "a thread"
        error = args.exc_value
        self._post(lambda: self.phone.crash(error, f"in {name}"))
