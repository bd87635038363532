"""Keys as tones in the voice, for peers without telephone-event."""

from collections import deque
from typing import Final

from offhook.audio import tones
from offhook.audio.pcm import silence
from offhook.units import Samples

SHORTEST: Final = Samples(480)  # 60 ms of tone, whatever the finger did
GAP: Final = Samples(400)  # 50 ms of silence after it
MAX_WAITING: Final = 32
KEYS: Final = frozenset("0123456789*#ABCD")


def prepare_keys() -> None:
    """Compute the tones now, so that no key begins with a hiccup (some ms each)."""
    for key in KEYS:
        tones.dtmf(key).frame(1)


class InbandDigits:
    """Takes the place of the microphone while it has something to say."""

    def __init__(self) -> None:
        self._waiting: deque[str] = deque(maxlen=MAX_WAITING)
        self._held = False
        """The key pressed last is still down."""
        self._source: tones.ToneSource | None = None
        self._left = 0
        """Samples still to play of the shortest tone, or of the gap."""

    def press(self, key: str) -> None:
        """A key goes down.  The hook flash has no sound, and is ignored."""
        if key in KEYS and len(self._waiting) < MAX_WAITING:
            self._waiting.append(key)
            self._held = True

    def release(self) -> None:
        """The key pressed last goes up."""
        self._held = False

    def clear(self) -> None:
        """Forget everything at once."""
        self._waiting.clear()
        self._source, self._held, self._left = None, False, 0

    def frame(self, n: int) -> bytes | None:
        """`n` samples to send instead of the microphone's; None: nothing to say."""
        if self._source is None and self._left <= 0:
            if not self._waiting:
                return None
            self._source = tones.dtmf(self._waiting.popleft())
            self._left = SHORTEST
        if self._source is None:
            self._left -= n
            return silence(n)
        frame = self._source.frame(n)
        self._left -= n
        if self._left <= 0 and (self._waiting or not self._held):
            self._source.stop()
        if self._source.done:
            self._source, self._left = None, int(GAP)
        return frame
