"""CHANGELOG.md for Debian's tools."""

import shutil
import subprocess
from pathlib import Path

import pytest

from builder import deb
from builder.changelog import WIDTH, debian_changelog
from builder.spec import ROOT

WHO = "Somebody <somebody@offhook.example>"
EPOCH = 1_795_370_000
TEXT = """# Changes

Prose.

## Unreleased

### Added
- A long point, about many things that need more than a single line of a Debian changelog, wrapped
  here as well.
- Another.

### Fixed
- A bug.

## [0.1.0] - 2026-10-01

- The first.
"""


def test_what_is_unreleased_belongs_to_the_version_that_is_built() -> None:
    first, second = debian_changelog(TEXT, "0.2.0", EPOCH, WHO).split("\noffhook ")
    assert first.startswith("offhook (0.2.0) trixie; urgency=medium\n\n  * Added: A long point,")
    assert "\n  * Added: Another.\n  * Fixed: A bug.\n" in first
    assert first.endswith(f"\n -- {WHO}  Sun, 22 Nov 2026 17:53:20 +0000\n")
    assert second.startswith("(0.1.0) ")
    assert second.endswith("  * The first.\n\n -- " + WHO + "  Thu, 01 Oct 2026 00:00:00 +0000\n")


def test_nothing_is_wider_than_the_tools_like() -> None:
    text = debian_changelog((ROOT / "CHANGELOG.md").read_text(), "9.9", EPOCH, deb.maintainer())
    assert max(map(len, text.splitlines())) <= max(WIDTH, len(f" -- {deb.maintainer()}  ") + 31)


def test_a_version_for_trials_has_an_entry_of_its_own() -> None:
    text = debian_changelog("## 0.1.0 - 2026-10-01\n- One.\n", "0.2.0", EPOCH, WHO)
    assert text.startswith("offhook (0.2.0) trixie; urgency=medium\n\n  * Version for trials.\n")
    assert "offhook (0.1.0)" in text


def test_a_heading_that_names_no_version_is_refused() -> None:
    with pytest.raises(ValueError, match="what version"):
        debian_changelog("## Some day, perhaps\n- One.\n", "0.2.0", EPOCH, WHO)


@pytest.mark.integration
def test_dpkg_reads_it(tmp_path: Path) -> None:
    program = shutil.which("dpkg-parsechangelog")
    if program is None:
        pytest.skip("dpkg-parsechangelog is not on this machine")
    path = tmp_path / "changelog"
    changes = (ROOT / "CHANGELOG.md").read_text()
    path.write_text(debian_changelog(changes, "9.9", EPOCH, deb.maintainer()))
    done = subprocess.run(
        [program, f"-l{path}", "--all", "-SVersion"], capture_output=True, text=True, check=True
    )
    assert (done.stdout.split()[0], done.stderr) == ("9.9", "")
