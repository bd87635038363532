"""Two telephones joined: what one says in SIP is said to the other; media go directly."""

from dataclasses import dataclass, field

from offhook.lab.leg import Leg
from offhook.lab.media import Media
from offhook.lab.registrar import Binding
from offhook.lab.signals import CallBack, LegOut, Line, News, What
from offhook.sip.headers import NameAddr
from offhook.sip.message import Request
from offhook.sip.transactions import TransactionKey
from offhook.units import Seconds


@dataclass(slots=True)
class BridgedCall:
    """A back-to-back user agent (RFC 7092) that passes descriptions through unread."""

    caller: Leg
    callee: Leg
    media: Media | None = None
    """None: the telephones send to each other."""
    _passed: dict[TransactionKey, tuple[TransactionKey, Request]] = field(default_factory=dict)
    """Our request on one leg, and the one on the other leg that waits for its answer."""

    @classmethod
    def between(
        cls, caller: Leg, binding: Binding, now: Seconds
    ) -> tuple["BridgedCall", list[LegOut]]:
        """`caller` wants to speak with `binding`."""
        name = caller.invite.from_
        shown = NameAddr(name.display, name.uri)
        callee, outs = Leg.outgoing(caller.trunk, shown, binding, caller.invite.body, now)
        return cls(caller, callee), outs

    @property
    def legs(self) -> tuple[Leg, ...]:
        """Both."""
        return (self.caller, self.callee)

    def deadline(self) -> Seconds | None:
        """It never waits by itself."""
        return None

    def tick(self, now: Seconds) -> list[LegOut | CallBack]:
        """Nothing is ever due."""
        del now
        return []

    def told(self, leg: Leg, news: News, now: Seconds) -> list[LegOut | CallBack]:
        """Pass on what `leg` tells."""
        other = self.callee if leg is self.caller else self.caller
        return [*self._pass_on(leg, other, news, now)]

    def _pass_on(self, leg: Leg, other: Leg, news: News, now: Seconds) -> list[LegOut]:
        outs: list[LegOut]
        match news.what:
            case What.PROGRESS:
                outs = other.progress(news.status, news.body, now)
            case What.ANSWERED:
                outs = [*self._acknowledge(), *other.answer(news.body, now)]
            case What.REFUSED:
                outs = other.refuse(news.status, now)
            case What.CONFIRMED:
                outs = other.acknowledge(news.body) if news.body else []
            case What.ENDED:
                outs = [Line(f"{leg.remote.uri.user} leaves the call"), *other.hang_up(now)]
            case What.OFFERED:
                outs = self._pass(other, news, now)
            case What.REPLIED:
                outs = self._return(leg, other, news, now)
        return outs

    def _acknowledge(self) -> list[LegOut]:
        """At once, unless the callee's 200 held the offer: then with the caller's answer."""
        return self.callee.acknowledge() if self.caller.invite.body else []

    def _pass(self, other: Leg, news: News, now: Seconds) -> list[LegOut]:
        if news.key is None or news.request is None:
            return []
        key, outs = other.ask(news.request.method, news.body, now)
        self._passed[key] = (news.key, news.request)
        return outs

    def _return(self, leg: Leg, other: Leg, news: News, now: Seconds) -> list[LegOut]:
        if news.key is None or news.key not in self._passed:
            return []
        key, request = self._passed.pop(news.key)
        invited = request.method == "INVITE" and news.status < 300
        ack = leg.acknowledge() if invited and request.body else []
        return [*ack, *other.reply(key, request, news.status, news.body, now)]
