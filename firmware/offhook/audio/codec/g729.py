"""G.729 with Annexes A and B by libbcg729, through ctypes.

A frame is 10 ms: 80 samples, 10 bytes; a silence descriptor (SID) has 2 (RFC 3551 §4.5.6).  The
library is taken only if it gives the expected answer to a known question: a wrong ABI or a
miscompiled library removes the codec from the offer instead of sending noise.
"""

import ctypes
import zlib
from array import array
from dataclasses import dataclass
from functools import cache
from typing import Final

from offhook.units import Samples

LIBRARY: Final = "libbcg729.so.0"
FRAME: Final = Samples(80)
FRAME_BYTES: Final = 160
VOICE: Final = 10
"""Bytes of a coded frame."""
SID: Final = 2
"""Bytes of a silence descriptor."""
MOST_FRAMES: Final = 20
"""Of one payload; 200 ms.  More is not decoded."""

_ANSWER: Final = bytes.fromhex(
    "f94a0ca000faddb8062c1108c06068d5bed434d66046b4cb91fade3cefd4a04850ca25fa0b3906d6"
    "75bb65db74f2275eda2c791640a410f5a152a056792c3edb2725a17b978530fff66240fed27b222d"
    "799433715af028bfb02160f3af5237b748bbf38d"
)
"""What libbcg729 1.1.1 makes of `question`; below, the checksum of what that decodes to."""
_ANSWER_SOUND: Final = 0xCDCA55F1

_Pointer = ctypes.c_void_p


@dataclass(frozen=True, slots=True)
class Library:
    """The C library, or why there is none."""

    handle: ctypes.CDLL | None
    trouble: str = ""

    @property
    def works(self) -> bool:
        """Loaded, and the known answer came."""
        return self.handle is not None


class _Context:
    """A C object that is closed when Python lets go of it."""

    def __init__(self, pointer: int | None, close: "ctypes._NamedFuncPointer") -> None:
        if not pointer:
            raise MemoryError("bcg729 gave no context")
        self.pointer = _Pointer(pointer)
        self._close = close

    def __del__(self) -> None:
        if hasattr(self, "pointer"):
            self._close(self.pointer)


class Encoder:
    """Linear to G.729; with `silence_frames` the library's Annex B voice activity detection."""

    def __init__(self, library: ctypes.CDLL, *, silence_frames: bool = False) -> None:
        self._context = _Context(
            library.initBcg729EncoderChannel(int(silence_frames)),
            library.closeBcg729EncoderChannel,
        )
        self._encode = library.bcg729Encoder
        self._out = ctypes.create_string_buffer(VOICE)
        self._length = ctypes.c_uint8()
        self._at = ctypes.byref(self._length)

    def encode(self, pcm: bytes) -> bytes:
        """Whole frames; a rest shorter than 10 ms is dropped.

        Empty when nothing need be sent.
        """
        starts = range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES)
        return packed([self._frame(pcm[start : start + FRAME_BYTES]) for start in starts])

    def _frame(self, pcm: bytes) -> bytes:
        self._encode(self._context.pointer, pcm, self._out, self._at)
        return self._out.raw[: self._length.value]


def packed(frames: list[bytes]) -> bytes:
    """One payload of consecutive frames of 10, 2 (SID) and 0 bytes.

    In a payload a SID may only come last (RFC 3551 §4.5.6): where voice follows silence inside a
    packet, the silence is replaced by the voice frame after it.
    """
    voice: list[bytes] = []
    descriptor = b""
    for frame in reversed(frames):
        if len(frame) == VOICE:
            voice.append(frame)
        elif voice:
            voice.append(voice[-1])
        else:
            descriptor = frame or descriptor
    return b"".join(reversed(voice)) + descriptor


class Decoder:
    """G.729 to linear, with the codec's own concealment and comfort noise."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._context = _Context(
            library.initBcg729DecoderChannel(), library.closeBcg729DecoderChannel
        )
        self._decode = library.bcg729Decoder
        self._out = ctypes.create_string_buffer(FRAME_BYTES)

    def decode(self, payload: bytes) -> bytes:
        """10·n (+ 2) bytes; anything that is not a frame at the end is ignored."""
        payload = payload[: MOST_FRAMES * VOICE + SID]
        voice = len(payload) - len(payload) % VOICE
        pcm = [self._frame(payload[at : at + VOICE], VOICE, 0, 0) for at in range(0, voice, VOICE)]
        if len(payload) - voice >= SID:
            pcm.append(self._frame(payload[voice : voice + SID], SID, 0, 1))
        return b"".join(pcm)

    def conceal(self) -> bytes:
        """One frame that did not come: extrapolated voice, or comfort noise after a SID."""
        return self._frame(None, 0, 1, 0)

    def _frame(self, bits: bytes | None, length: int, erased: int, sid: int) -> bytes:
        self._decode(self._context.pointer, bits, length, erased, sid, 0, self._out)
        return self._out.raw


class G729:
    """G729, payload type 18."""

    name = "G729"

    def __init__(self, *, silence_frames: bool = False) -> None:
        library = load().handle
        if library is None:
            raise LookupError("G729 is not available")
        self._encoder = Encoder(library, silence_frames=silence_frames)
        self._decoder = Decoder(library)
        self._left = b""  # of a concealed frame, when fewer than 80 samples were wanted

    def encode(self, pcm: bytes) -> bytes:
        """See `Encoder.encode`."""
        return self._encoder.encode(pcm)

    def decode(self, payload: bytes) -> bytes:
        """See `Decoder.decode`."""
        self._left = b""
        return self._decoder.decode(payload)

    def duration(self, payload: bytes) -> Samples:
        """80 samples for each voice frame and for a SID."""
        voice, rest = divmod(min(len(payload), MOST_FRAMES * VOICE + SID), VOICE)
        return Samples(FRAME * (voice + (rest >= SID)))

    def conceal(self, n: Samples) -> bytes | None:
        """As many erased frames as it takes; what is left over begins the next concealment."""
        pcm = self._left
        while len(pcm) < 2 * n:
            pcm += self._decoder.conceal()
        self._left = pcm[2 * n :]
        return pcm[: 2 * n]


@cache
def load() -> Library:
    """Load the library once and question it."""
    try:
        handle = ctypes.CDLL(LIBRARY)
    except OSError as error:
        return Library(None, str(error))
    return examine(handle)


def examine(handle: ctypes.CDLL) -> Library:
    """Declare the functions and ask for the known answer."""
    try:
        _declare(handle)
    except AttributeError as error:
        return Library(None, f"{LIBRARY}: {error}")
    coded = Encoder(handle).encode(question())
    if coded != _ANSWER:
        return Library(None, f"{LIBRARY}: wrong answer from the encoder")
    if zlib.crc32(Decoder(handle).decode(coded)) != _ANSWER_SOUND:
        return Library(None, f"{LIBRARY}: wrong answer from the decoder")
    return Library(handle)


def question() -> bytes:
    """100 ms of a rising sawtooth, in whole numbers so that it is the same on every machine."""
    return array("h", (i * i // 7 % 16001 - 8000 for i in range(800))).tobytes()


def _declare(library: ctypes.CDLL) -> None:
    library.initBcg729EncoderChannel.restype = _Pointer
    library.initBcg729EncoderChannel.argtypes = [ctypes.c_uint8]
    library.closeBcg729EncoderChannel.restype = None
    library.closeBcg729EncoderChannel.argtypes = [_Pointer]
    library.bcg729Encoder.restype = None
    library.bcg729Encoder.argtypes = [
        _Pointer, ctypes.c_char_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_uint8),
    ]  # fmt: skip
    library.initBcg729DecoderChannel.restype = _Pointer
    library.initBcg729DecoderChannel.argtypes = []
    library.closeBcg729DecoderChannel.restype = None
    library.closeBcg729DecoderChannel.argtypes = [_Pointer]
    library.bcg729Decoder.restype = None
    library.bcg729Decoder.argtypes = [
        _Pointer, ctypes.c_char_p, ctypes.c_uint8, ctypes.c_uint8, ctypes.c_uint8,
        ctypes.c_uint8, ctypes.c_char_p,
    ]  # fmt: skip
