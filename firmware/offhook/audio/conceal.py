"""Packet-loss concealment by pitch repetition, in the manner of ITU-T G.711 Appendix I.

The last pitch period is found by correlation and repeated; in a longer loss the last two and three
periods are, lest it buzz.  The Appendix delays all sound to have something to blend at the start
of a loss; here the step between what was played and what is repeated dies away in 2 ms instead,
which costs no delay and scores higher.  A long loss fades into a faint noise at the level of the
background.  The numbers were tuned with tests/bench/conceal.py.
"""

from array import array
from typing import Final

from offhook.audio.likeness import best_lag
from offhook.audio.pcm import (
    ONE,
    WIDTH,
    blend,
    mix,
    multiply,
    rms,
    scale,
    settle,
    silence,
)
from offhook.units import Samples

HISTORY: Final = Samples(600)
"""75 ms: three of the longest periods, and what is blended into them."""
PIECES: Final = 16
"""Of the history, until they are joined: that touches much memory, so not for each frame."""
SHORTEST: Final = Samples(20)
"""Lag of a 400 Hz voice."""
LONGEST: Final = Samples(160)
"""Lag of a 50 Hz voice."""
WINDOW: Final = Samples(40)
"""How much of the past is compared with itself.  Short: the seam matters more than the pitch."""
SEAM: Final = Samples(16)
"""In which the step at the start of a loss dies away."""
MORE_PERIODS: Final = Samples(160)
"""After each so many lost samples one period more is repeated, up to three."""
STEADY: Final = Samples(120)
"""How long a loss is repeated at full level."""
FADE: Final = Samples(800)
"""How long it then takes to die: a burst of losses must not sound like a pause."""
JOIN: Final = Samples(16)
"""Shortest blend back to received sound; and one sample more for each `JOIN_MORE` lost."""
JOIN_MORE: Final = 20
JOIN_MOST: Final = Samples(80)

LOUDEST_FLOOR: Final = 66.0
"""-50 dBm0: the background is never believed to be louder."""
FLOOR_RISE: Final = 1.01
"""Per frame; it falls at once."""
_NOISE_LENGTH: Final = 4096
_NOISE_RMS: Final = 4096


class Concealer:
    """Feed it every frame that is played, good or missing, in order."""

    def __init__(self) -> None:
        self._heard = [silence(HISTORY)]  # pieces; joined when they are many, or wanted
        self._loops: list[bytes] = []  # the last one, two and three periods
        self._loop = b""  # the one in use
        self._at = 0  # in the loop, bytes
        self._lost = 0  # samples made up since the last good one
        self._floor = 0.0  # rms
        self._noise_at = 0

    @property
    def heard(self) -> bytes:
        """The last 75 ms played."""
        self._heard = [b"".join(self._heard)[-WIDTH * HISTORY :]]
        return self._heard[0]

    def good(self, pcm: bytes) -> bytes:
        """Received sound, any length; blended in after a loss; same length comes back."""
        self._floor = min(self._floor * FLOOR_RISE + 0.01, rms(pcm), LOUDEST_FLOOR)
        if self._lost:
            n = min(JOIN_MOST, JOIN + self._lost // JOIN_MORE, len(pcm) // WIDTH)
            pcm = blend(self._made(n), pcm[: WIDTH * n]) + pcm[WIDTH * n :]
            self._lost = 0
        self._remember(pcm)
        return pcm

    def missing(self, n: int) -> bytes:
        """`n` samples in place of what did not come."""
        if self._lost:
            out = self._made(n)
        else:
            self._loops = _loops(self.heard)
            self._loop, self._at = self._loops[0], 0
            out = self._seamless(self._made(n))
        self._lost += n
        self._remember(out)
        return out

    def _remember(self, pcm: bytes) -> None:
        self._heard.append(pcm)
        if len(self._heard) > PIECES:
            self._heard = [self.heard]

    def _made(self, n: int) -> bytes:
        """What comes next if nothing does; does not count as lost yet."""
        if self._lost >= STEADY + FADE:
            return self._noise(n)
        out = self._repeated(n)
        if self._lost + n <= STEADY:
            return out
        done = self._lost - STEADY
        weights = [ONE - ONE * min(max(0, done + i), FADE) // FADE for i in range(n)]
        return mix(multiply(out, weights), self._noise(n))

    def _repeated(self, n: int) -> bytes:
        wanted = self._loops[min(self._lost // MORE_PERIODS, len(self._loops) - 1)]
        if wanted is not self._loop:  # go on at the same place in its last period
            one = len(self._loops[0])
            self._at = len(wanted) - one + self._at % one
            self._loop = wanted
        out = (self._loop * (2 + WIDTH * n // len(self._loop)))[self._at : self._at + WIDTH * n]
        self._at = (self._at + len(out)) % len(self._loop)
        return out

    def _seamless(self, out: bytes) -> bytes:
        """Let the step from the last sample heard die away."""
        one = len(self._loops[0])
        last = self.heard[-WIDTH:]
        older = self.heard[-one - WIDTH : -one]
        return settle(mix(last, scale(older, -1)), out, SEAM)

    def _noise(self, n: int) -> bytes:
        start = WIDTH * self._noise_at
        self._noise_at = (self._noise_at + n) % _NOISE_LENGTH
        out = (_NOISE * (2 + n // _NOISE_LENGTH))[start : start + WIDTH * n]
        return scale(out, self._floor / _NOISE_RMS)


def _loops(heard: bytes) -> list[bytes]:
    """The last one, two and three periods, each made to join itself."""
    end = len(heard) // WIDTH
    _, lag = best_lag(heard, end - WINDOW, WINDOW, range(SHORTEST, LONGEST + 1))
    lag = lag or LONGEST
    return [_loop(heard, WIDTH * lag * periods, WIDTH * (lag // 4)) for periods in (1, 2, 3)]


def _loop(heard: bytes, size: int, seam: int) -> bytes:
    """The last `size` bytes; their end is blended into what came before their beginning."""
    end = len(heard)
    loop = heard[end - size :]
    before = heard[end - size - seam : end - size]
    return loop[:-seam] + blend(loop[-seam:], before)


def _white(n: int) -> bytes:
    """Noise of a known level, the same each time (a linear congruential generator)."""
    state, out = 1, array("h")
    widest = round(_NOISE_RMS * 3**0.5)
    for _ in range(n):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        out.append((state >> 8) % (2 * widest) - widest)
    return out.tobytes()


_NOISE: Final = _white(_NOISE_LENGTH)
