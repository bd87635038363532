"""G.729 with Annexes A and B by libbcg729, through ctypes.

A frame is 10 ms: 80 samples, 10 bytes; a silence descriptor (SID) has 2 (RFC 3551 §4.5.6).  The
library is taken only if it gives the expected answer to a known question: a wrong ABI or a
miscompiled library removes the codec from the offer instead of sending noise.
"""

import ctypes
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

_Pointer = ctypes.c_void_p
_Answer = tuple[bytes, int]


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

        Empty when nothing need be sent.  A payload ends with its first SID (RFC 3551 §4.5.6).
        """
        payload = b""
        for start in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES):
            frame = pcm[start : start + FRAME_BYTES]
            self._encode(self._context.pointer, frame, self._out, self._at)
            payload += self._out.raw[: self._length.value]
        return payload


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
        return self._frame(bytes(VOICE), 0, 1, 0)

    def _frame(self, bits: bytes, length: int, erased: int, sid: int) -> bytes:
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
    return Library(handle)


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
