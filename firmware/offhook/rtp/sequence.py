"""Numbers that wrap (RFC 3550 §5.1): the one home of their arithmetic."""

from typing import Final

SEQUENCE_BITS: Final = 16
TIMESTAMP_BITS: Final = 32


def after(a: int, b: int) -> bool:
    """Whether sequence number `a` comes later than `b`, the shorter way round."""
    return 0 < (a - b) % 0x10000 < 0x8000


def extend(value: int, near: int, bits: int = SEQUENCE_BITS) -> int:
    """The unbounded number whose lowest `bits` are `value`, the nearest to `near`.

    May be negative when a stream that has just begun wraps backwards.
    """
    half = 1 << (bits - 1)
    return near + ((value - near + half) % (1 << bits)) - half
