"""Draw a board's wiring from its profile.

python hardware/wiring/draw.py handset-v1 > hardware/wiring/handset-v1.svg
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "firmware"))

from offhook.board.profile import Profile, load

HEADER = {
    2: 3, 3: 5, 4: 7, 14: 8, 15: 10, 17: 11, 18: 12, 27: 13, 22: 15, 23: 16, 24: 18, 10: 19,
    9: 21, 25: 22, 11: 23, 8: 24, 7: 26, 5: 29, 6: 31, 12: 32, 13: 33, 19: 35, 16: 36, 26: 37,
    20: 38, 21: 40,
}  # fmt: skip
STYLE = (
    "text{font:13px sans-serif}.w{stroke:#555;fill:none}.b{fill:#fff;stroke:#222}"
    ".s{font-size:11px;fill:#555}"
)


def draw(profile: Profile) -> str:
    """The whole picture: the header on the left, a wire for each pin, the parts on the right."""
    lines, y = [], 60
    for key, pin in profile.pins().items():
        lines += wire(key, pin, y, label(profile, key))
        y += 34
    height = y + 30
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 {height}">',
        f"<style>{STYLE}</style>", '<rect width="760" height="100%" fill="#fafafa"/>',
        f'<text x="20" y="28" font-weight="bold">{profile.name}: {profile.description}</text>',
        f'<rect class="b" x="20" y="42" width="150" height="{y - 52}" rx="6"/>',
        *lines,
        f'<text class="s" x="20" y="{height - 12}">'
        "Numbers in brackets: position on the 40-pin header. "
        "Grounds: (6) (9) (14) (20) (25) (30) (34) (39).</text>", "</svg>",
    ])  # fmt: skip


def wire(key: str, pin: int, y: int, text: tuple[str, str]) -> list[str]:
    """One row of the picture."""
    name, parts = text
    at = HEADER.get(pin, "?")
    return [
        f'<text x="40" y="{y + 4}">GPIO{pin}</text>',
        f'<text class="s" x="110" y="{y + 4}">({at})</text>',
        f'<path class="w" d="M170 {y}H330"/>',
        f'<text class="s" x="180" y="{y - 5}">{key}</text>',
        f'<rect class="b" x="330" y="{y - 13}" width="400" height="26" rx="4"/>',
        f'<text x="340" y="{y + 4}">{name}</text>',
        f'<text class="s" x="490" y="{y + 4}">{parts}</text>',
    ]


def label(profile: Profile, key: str) -> tuple[str, str]:
    """What hangs there, and the parts beside it."""
    part, _, number = key.partition(".")
    if part == "keypad" and profile.keypad:
        row, at = number.startswith("rows"), int(number[number.index("[") + 1 : -1])
        keys = [k for place, k in profile.keypad.keys.items() if place[0 if row else 1] == at]
        return (
            f"{'row' if row else 'column'} {' '.join(keys)}",
            "1 kΩ in series" if row else "pull-up inside the Pi",
        )
    return {
        "hook": ("cradle switch", "1 kΩ, other end to ground"),
        "bell": ("ringer transistor", "10 kΩ to ground: silent when idle"),
        "lamp": ("message LED", "330 Ω to LED; 10 kΩ to ground"),
    }[part]


if __name__ == "__main__":
    sys.stdout.write(draw(load(sys.argv[1])) + "\n")
