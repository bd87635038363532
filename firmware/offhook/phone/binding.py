"""Our binding at the registrar: what a person is told about it."""

from offhook.notes import Note, Severity, note
from offhook.phone.trouble import NOT_SET_UP
from offhook.sip import actions as sip
from offhook.text import printable

News = sip.Registered | sip.RegistrationFailed | sip.Unregistered


class Binding:
    """`words` for display and status, and a line for the journal; louder when something changed."""

    def __init__(self, network: bool) -> None:
        self.words = ""
        """"registered at 192.0.2.1:5060", "403 Forbidden", "no network" …; printable."""
        self.network(network)

    def network(self, there: bool) -> None:
        """The network came or went."""
        self.words = "" if there else "no network"

    def no_account(self) -> None:
        """There is nothing to register."""
        self.words = NOT_SET_UP.words

    def hear(self, news: News) -> Note:
        """What the agent tells."""
        known = self.words
        match news:
            case sip.Registered(server, expires, contact):
                self.words = f"registered at {server}"
                severity = Severity.DEBUG if known == self.words else Severity.NOTICE
                return note(
                    "registered", severity, server=str(server), expires=expires, contact=contact
                )
            case sip.RegistrationFailed(status_code, reason, retry_in):
                why = reason if status_code is None else f"{status_code} {reason}"
                self.words = printable(why)
                severity = Severity.INFO if known == self.words else Severity.WARNING
                return note("registration failed", severity, why=why, retry_in=retry_in)
            case sip.Unregistered():
                self.words = "not registered"
                return note("unregistered", Severity.NOTICE)
