"""Tables back into a TOML file: only what a checked settings file can hold."""

from collections.abc import Iterator, Mapping
from typing import Final

_ESCAPES: Final = {'"': '\\"', "\\": "\\\\"}


def written(tables: Mapping[str, object], comment: str = "") -> str:
    """The whole file.  Raises TypeError for what TOML or the settings do not know."""
    lines = [f"# {line}".rstrip() for line in comment.splitlines()]
    lines += _table("", tables)
    return "\n".join(lines) + "\n"


def _table(name: str, entries: Mapping[str, object]) -> Iterator[str]:
    inner = {key: value for key, value in entries.items() if isinstance(value, Mapping)}
    if name and (len(inner) < len(entries) or not entries):
        yield f"\n[{name}]"
    for key, value in entries.items():
        if key not in inner:
            yield f"{_key(key)} = {_value(value)}"
    for key, table in inner.items():
        yield from _table(f"{name}.{_key(key)}" if name else _key(key), table)


def _key(key: str) -> str:
    return key if key.isascii() and key.replace("_", "").replace("-", "").isalnum() else _text(key)


def _value(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case str():
            return _text(value)
        case list():
            return f"[{', '.join(map(_value, value))}]"
        case _:
            raise TypeError(f"{type(value).__name__} in a settings file")


def _text(value: str) -> str:
    return '"' + "".join(_ESCAPES.get(char) or _plain(char) for char in value) + '"'


def _plain(char: str) -> str:
    return char if char.isprintable() else f"\\U{ord(char):08x}"
