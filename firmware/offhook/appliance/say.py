"""A line in the journal."""

from offhook.notes import Severity, note
from offhook.service.journal import choose_sink, entry


def say(what: str, severity: Severity = Severity.INFO, /, **fields: str | int) -> None:
    """With fields, as the phone itself writes them; nothing secret may be among them."""
    choose_sink()(entry(note(what, severity, **fields)))
