"""Each table of `offhook.toml`, read into the record it stands for: names, ranges, defaults."""

import ipaddress
from pathlib import Path
from typing import Final

from offhook.audio.tones import COUNTRIES
from offhook.notes import Severity
from offhook.phone.emergency import emergency_numbers
from offhook.phone.settings import (
    DiallingSettings,
    FlashWindow,
    HookSettings,
    KeypadSettings,
    Patience,
    PhoneSettings,
)
from offhook.service.records import NetworkSettings, ServiceSettings, SoundSettings
from offhook.service.schema import Reader
from offhook.sip.account import AGENT_NAME, Account
from offhook.units import Hertz, Seconds

CODECS: Final = ("PCMA", "PCMU", "G729")
MIN_RTP_PORTS: Final = (
    8  # two calls, one in transition, each a pair; and room for a port taken by others
)

_USER: Final = (
    r"[A-Za-z0-9._~!$&'()*+,;=%?/-]+"  # RFC 3261 §25.1: user, without the colon of a password
)
_HOST: Final = r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\.?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*"
_LEVELS: Final = {severity.name.lower(): severity for severity in Severity}


def account(table: Reader, password: str) -> Account:
    """`[account]`; the password does not come from the file."""
    if table.given("password"):
        table.text("password", "")
        table.fault(
            "password",
            "a password does not belong into this file",
            "Put it into the file that account.password_file names, mode 0600.",
        )
    result = Account(
        user=table.text("user", pattern=_USER, shape='the extension, such as "200"', most=64),
        domain=_host(table, "domain"),
        password=password,
        display_name=table.text("display_name", "", most=64),
        auth_user=table.text("auth_user", "", most=128),
        proxy=_proxy(table),
        route=table.flag("proxy_route", False),
        port=table.whole("port", 5060, 1, 65535),
        expires=table.seconds("expires_s", Seconds(300), 60, 86400),
        learn_contact="auto"
        if table.choice("learn_contact", "auto", ("auto", "never")) == "auto"
        else "never",
        empty_nonce=table.flag("empty_nonce", False),
        session_expires=_session_expires(table),
        min_se=table.whole("min_session_expires_s", 90, 90, 7200),
        keep_alive=table.seconds("keep_alive_s", Seconds(20), 0, 120),
        preferred_identity=table.text(
            "preferred_identity", "", r"(sips?|tel):[\x21-\x7e]+", 'a URI: "sip:200@example.org"'
        ),
        user_agent=table.text(
            "user_agent", AGENT_NAME, r"[\x20-\x7e]*", "printable ASCII", most=64
        ),
    )
    table.finish()
    return result


def password_file(table: Reader, default: Path) -> Path:
    """Where the password lies when systemd gives no credential."""
    return Path(table.text("password_file", str(default), "/.+", "an absolute path"))


def _host(table: Reader, key: str) -> str:
    return table.text(
        key, pattern=_HOST, shape='a host name or an IP address, such as "pbx.example.org"'
    )


def _session_expires(table: Reader) -> int:
    value = table.whole("session_expires_s", 1800, 0, 86400)
    if 0 < value < 90:
        table.fault(
            "session_expires_s", "is too short", "Write 0 for none, or at least 90 (RFC 4028 §4)."
        )
    return value


def _proxy(table: Reader) -> tuple[str, int] | None:
    shape = 'host or host:port, such as "sbc.example.org:5060" or "[2001:db8::1]:5060"'
    pattern = r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9][A-Za-z0-9.-]*)(:[0-9]{1,5})?"
    written = table.text("proxy", "", pattern, shape)
    if not written:
        return None
    host, _, port = written.rpartition(":") if not written.endswith("]") else (written, "", "")
    if not host:
        host, port = written, ""
    if port and not 0 < int(port) < 65536:
        table.fault("proxy", "has a port out of range", f"Write {shape}.")
        return None
    return host.strip("[]"), int(port or 5060)


def phone(table: Reader) -> PhoneSettings:
    """`[phone]` and the tables inside it."""
    defaults = PhoneSettings()
    country = table.choice("country", defaults.country, COUNTRIES)
    result = PhoneSettings(
        country=country,
        codecs=table.choices("codecs", defaults.codecs, CODECS),
        hook=_hook(table.table("hook")),
        keypad=_keypad(table.table("keypad")),
        dialling=_dialling(table.table("dialling"), emergency_numbers(country)),
        patience=_patience(table.table("patience")),
        call_waiting=table.flag("call_waiting", defaults.call_waiting),
        ring_frequency=Hertz(table.whole("ring_frequency_hz", defaults.ring_frequency, 20, 5000)),
        packet_time=_packet_time(table, defaults.packet_time),
        media_timeout=table.seconds("media_timeout_s", defaults.media_timeout, 0, 3600),
        answer_order=table.choice("answer_order", defaults.answer_order, ("offerer", "answerer")),
    )
    table.finish()
    return result


def _packet_time(table: Reader, default: Seconds) -> Seconds:
    value = table.milliseconds("packet_time_ms", default, 10, 60)
    if round(value * 1000) % 10:
        table.fault("packet_time_ms", "is no multiple of 10", "Write 10, 20, 30, 40, 50 or 60.")
        return default
    return value


def _hook(table: Reader) -> HookSettings:
    defaults, window = HookSettings(), FlashWindow()
    flash = table.flag("flash", False)
    shortest = table.milliseconds("flash_shortest_ms", window.shortest, 80, 500)
    longest = table.milliseconds("flash_longest_ms", window.longest, 100, 1500)
    if shortest >= longest:
        table.fault(
            "flash_shortest_ms", "is not below flash_longest_ms", "Write for example 200 and 900."
        )
    result = HookSettings(
        debounce=table.milliseconds("debounce_ms", defaults.debounce, 5, 200),
        on_hook=table.milliseconds("on_hook_ms", defaults.on_hook, 20, 1500),
        flash=FlashWindow(shortest, longest) if flash else None,
    )
    table.finish()
    return result


def _keypad(table: Reader) -> KeypadSettings:
    """The names of the keys come with the board, the timing from here."""
    defaults = KeypadSettings()
    flash_key = table.text(
        "flash_long_press", defaults.flash_long_press or "", "[0-9*#A-D]?", "one key", most=1
    )
    result = KeypadSettings(
        flash_long_press=flash_key or None,
        debounce=table.milliseconds("debounce_ms", defaults.debounce, 5, 200),
        long_press=table.milliseconds("long_press_ms", defaults.long_press, 300, 5000),
        stuck=table.seconds("stuck_s", defaults.stuck, 2, 120),
    )
    table.finish()
    return result


def _dialling(table: Reader, emergency: tuple[str, ...]) -> DiallingSettings:
    defaults = DiallingSettings()
    result = DiallingSettings(
        dial_plan=table.text("dial_plan", defaults.dial_plan, most=1024),
        emergency=table.texts("emergency", emergency, "[0-9]{2,8}", "two to eight digits"),
        redial_code=table.text(
            "redial_code", defaults.redial_code, r"(\*[0-9*]{1,7})?", 'a star code: "*07"'
        ),
        short=table.milliseconds("short_timer_ms", defaults.short, 0, 64000),
        long=table.milliseconds("long_timer_ms", defaults.long, 1000, 64000),
    )
    table.finish()
    return result


def _patience(table: Reader) -> Patience:
    defaults = Patience()
    result = Patience(
        dial_tone=table.seconds("dial_tone_s", defaults.dial_tone, 1, 120),
        reorder=table.seconds("reorder_s", defaults.reorder, 1, 300),
        howler=table.seconds("howler_s", defaults.howler, 0, 3600),
        no_answer=table.seconds("no_answer_s", defaults.no_answer, 5, 600),
    )
    table.finish()
    return result


def board(table: Reader) -> str:
    """`[board]`: which profile."""
    shape = "the name of a profile, or the absolute path of one"
    result = table.text("profile", "none", r"[a-z0-9][a-z0-9_-]*|/.+\.toml", shape)
    table.finish()
    return result


def sound(table: Reader) -> SoundSettings:
    """`[sound]`."""
    device, shape = r"[A-Za-z0-9_:=,.-]*", 'an ALSA name, such as "hw:CARD=Device,DEV=0"'
    result = SoundSettings(
        table.text("capture", "", device, shape, most=128),
        table.text("playback", "", device, shape, most=128),
    )
    table.finish()
    return result


def network(table: Reader) -> NetworkSettings:
    """`[network]`."""
    defaults = NetworkSettings()
    first = table.whole("rtp_first", defaults.rtp_first, 1024, 65534)
    last = table.whole("rtp_last", max(defaults.rtp_last, min(first + 199, 65535)), 1025, 65535)
    if last - first + 1 < MIN_RTP_PORTS:
        table.fault(
            "rtp_last", "leaves too few ports", f"Write at least rtp_first + {MIN_RTP_PORTS - 1}."
        )
    result = NetworkSettings(table.whole("sip_port", 0, 0, 65535), first, last, _address(table))
    if 0 < result.sip_port < 1024:
        table.fault(
            "sip_port", "is a privileged port", "Write 0 for a random one, or 1024 to 65535."
        )
    table.finish()
    return result


def _address(table: Reader) -> str:
    written = table.text("address", "", most=64)
    if written:
        try:
            ipaddress.ip_address(written)
        except ValueError:
            table.fault(
                "address", "is no IP address", 'Write one of ours, or "" to have it chosen.'
            )
    return written


def service(table: Reader, state_directory: Path) -> ServiceSettings:
    """`[service]`."""
    defaults, shape = ServiceSettings(), "an absolute path"
    level = table.choice("log_level", defaults.log_level.name.lower(), tuple(_LEVELS))
    result = ServiceSettings(
        control_socket=Path(
            table.text("control_socket", str(defaults.control_socket), "/.+", shape, most=100)
        ),
        state_directory=Path(table.text("state_directory", str(state_directory), "/.+", shape)),
        log_level=_LEVELS[level],
        calls_kept=table.whole("calls_kept", defaults.calls_kept, 1, 100_000),
    )
    table.finish()
    return result
