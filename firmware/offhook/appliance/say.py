"""A line in the journal."""

from offhook.notes import Severity, note


def say(what: str, severity: Severity = Severity.INFO, /, **fields: str | int) -> None:
    """With fields, as the phone itself writes them; nothing secret may be among them."""
    from offhook.service.journal import choose_sink, entry  # noqa: PLC0415  # most boots say nothing

    choose_sink()(entry(note(what, severity, **fields)))
