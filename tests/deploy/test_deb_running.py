"""The package on a running machine: real systemd restarts, stops and starts the phone."""

from pathlib import Path

from image.uml import boot, flash, needs_image
from support.deb import build, needs_trees

pytestmark = [*needs_image, *needs_trees]


def test_an_upgrade_restarts_the_phone_and_removing_the_package_ends_it(tmp_path: Path) -> None:
    package = build(tmp_path / "deb", "0.9.0")
    report = boot(
        flash(tmp_path), "package:exchanged", seconds=180, arguments={"package": str(package)}
    )
    before, upgraded, again = (report.found(name) for name in ("before", "upgraded", "again"))
    assert before["version"] == "offhookd 0.1.0"
    assert upgraded["version"] == again["version"] == "offhookd 0.9.0"
    assert upgraded["ActiveState"] == again["ActiveState"] == "active"
    assert len({before["MainPID"], upgraded["MainPID"], again["MainPID"]}) == 3
    assert {before["NRestarts"], upgraded["NRestarts"]} == {"0"}  # nobody fell over
    assert report.found("settings_kept")
    assert report.found("removed") == {"ActiveState": "inactive", "MainPID": "0"}
