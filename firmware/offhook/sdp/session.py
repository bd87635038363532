"""Session descriptions as values (RFC 8866): `parse(bytes)`, `bytes(session)`."""

from dataclasses import dataclass


class SdpError(ValueError):
    """Not a session description we can use."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """``a=name`` or ``a=name:value``."""

    name: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """``o=``: who made the session, and which edition of it this is."""

    user: str
    session_id: int
    version: int
    address: str


@dataclass(frozen=True, slots=True)
class Media:
    """One ``m=`` section."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    address: str | None = None
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """A whole description."""

    origin: Origin
    media: tuple[Media, ...]
    name: str = "-"
    address: str | None = None
    attributes: tuple[Attribute, ...] = ()

    def __bytes__(self) -> bytes:
        """The wire form, CRLF line ends."""
        raise NotImplementedError


def parse(data: bytes) -> Session:
    """Read a description.  Raises SdpError, nothing else."""
    raise NotImplementedError
