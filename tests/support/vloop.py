"""A sound card without hardware: the ALSA plug-in of `alsa/pcm_testline.c`, built on first use.

    with vloop.cards(tmp_path, "mic", "ear") as made:   # an asound.conf with pcm.mic and pcm.ear
        made.line("mic").put(number, samples)           # heard by whoever captures from "mic"

ALSA reads its configuration once in a process, when the first PCM is opened: set ALSA_CONFIG_PATH
(see `Cards.environment`) before, in a process of its own where need be.
"""

import array
import mmap
import os
import shutil
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).with_name("alsa") / "pcm_testline.c"
COMPILER: Final = ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-DPIC"]
RATE: Final = 8000
RING: Final = 131072  # samples, as in the plug-in
_SIZE: Final = 8 + RING * 8 + RING * 2
_ALSA: Final = "/usr/share/alsa/alsa.conf"


def missing() -> str | None:
    """What the machine lacks for this, if anything."""
    if shutil.which("gcc") is None:
        return "gcc is not installed"
    if not Path("/usr/include/alsa/pcm_external.h").exists():
        return "libasound2-dev is not installed"
    return None


def build(directory: Path) -> Path:
    """Compile the plug-in into `directory`, unless it lies there already."""
    library = directory / "libasound_module_pcm_testline.so"
    if not library.exists():
        made = library.with_suffix(f".{os.getpid()}")
        subprocess.run(
            [*COMPILER, "-o", str(made), str(SOURCE), "-lasound"],
            check=True,
        )
        made.replace(library)
    return library


def sample_now() -> int:
    """The number of the sample that is heard now."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) * RATE // 1_000_000_000


class Line:
    """One shared line of samples."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _SIZE)

    def put(self, number: int, samples: Iterable[int]) -> None:
        """Store samples from sample `number` on."""
        for at, value in enumerate(samples, number):
            slot = at % RING
            struct.pack_into("=h", self._memory, 8 + RING * 8 + 2 * slot, value)
            struct.pack_into("=q", self._memory, 8 + 8 * slot, at)

    def get(self, number: int, count: int) -> list[int | None]:
        """Samples from `number` on; None where nothing was played."""
        return [self._sample(at) for at in range(number, number + count)]

    def gaps(self, number: int, count: int) -> int:
        """How many of these samples nobody played."""
        numbers = array.array("q", self._memory[8 : 8 + RING * 8])
        return sum(numbers[at % RING] != at for at in range(number, number + count))

    def unplug(self, gone: bool = True) -> None:
        """The card has gone: each call on it fails with ENODEV; or it is back."""
        struct.pack_into("=q", self._memory, 0, int(gone))

    def close(self) -> None:
        self._memory.close()

    def _sample(self, at: int) -> int | None:
        slot = at % RING
        (number,) = struct.unpack_from("=q", self._memory, 8 + 8 * slot)
        if number != at:
            return None
        value: int = struct.unpack_from("=h", self._memory, 8 + RING * 8 + 2 * slot)[0]
        return value


@dataclass(slots=True)
class Cards:
    """Some lines, and the configuration that makes PCMs of them."""

    directory: Path
    config: Path
    _lines: dict[str, Line] = field(default_factory=dict)

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process needs to see these cards."""
        return {"ALSA_CONFIG_PATH": f"{_ALSA}:{self.config}"}

    def line(self, name: str) -> Line:
        """The line behind `pcm.name`."""
        if name not in self._lines:
            self._lines[name] = Line(self.directory / name)
        return self._lines[name]

    def wait_until(self, number: int) -> None:
        """Return when sample `number` is heard: sound takes its time."""
        while (left := number - sample_now()) > 0:
            time.sleep(left / RATE)

    def close(self) -> None:
        for line in self._lines.values():
            line.close()


@contextmanager
def cards(
    directory: Path,
    *names: str,
    ppm: Mapping[str, int] | None = None,
    step: Mapping[str, int] | None = None,
) -> Iterator[Cards]:
    """PCMs of these names.

    `ppm` lets a card's clock run off; `step` is how finely it tells its position, in samples (not
    given: in periods).
    """
    library = build(directory)
    shared = Path(tempfile.mkdtemp(prefix="offhook-line-", dir="/dev/shm"))
    text = [f'pcm_type.testline {{ lib "{library}" }}']
    for name in names:
        with (shared / name).open("wb") as file:
            file.truncate(_SIZE)
        off, fine = (ppm or {}).get(name, 0), (step or {}).get(name, 0)
        line = f'file "{shared / name}" ppm {off} step {fine}'
        text.append(f"pcm.{name} {{ type testline {line} }}")
    config = shared / "asound.conf"  # a new name: ALSA compares names and whole seconds
    config.write_text("\n".join(text) + "\n")
    made = Cards(shared, config)
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(shared)
