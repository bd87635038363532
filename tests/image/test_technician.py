"""The commands of service over SSH, on the booted image: what they say of a phone that works."""

import io
import json
import tarfile

import pytest

from image.cards import key_pair, settings
from image.guest.world import PASSWORDS
from image.uml import End, Report, boot, flash, needs_image

pytestmark = needs_image


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return key_pair(tmp_path_factory.mktemp("key"))


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory, key: tuple[str, str]) -> Report:
    disk = flash(tmp_path_factory.mktemp("visit"))
    disk.put("offhook.toml", settings(key[1]))
    report = boot(disk, "technician:visit", seconds=240)
    assert "crashed" not in report.findings, report.console
    assert report.end is End.POWERED_OFF, report.console
    return report


@pytest.fixture(scope="module")
def files(visit: Report) -> dict[str, str]:
    """Of the support bundle."""
    visit.found("report")
    with tarfile.open(fileobj=io.BytesIO(visit.files["report.tar.xz"]), mode="r:xz") as archive:
        members = [(each, archive.extractfile(each)) for each in archive.getmembers()]
        return {each.name.partition("/")[2]: file.read().decode() for each, file in members if file}


def test_the_doctor_finds_nothing_bad_on_a_phone_that_works(visit: Report) -> None:
    code, said = visit.found("doctor")
    told = {each["check"]: each for each in json.loads(said)}
    assert [each for each in told.values() if each["level"] == "bad"] == []
    assert code == 0
    for check in ("offhookd", "network", "dns", "registrar", "registration", "firewall", "disk",
                  "memory", "last crash", "versions"):  # fmt: skip
        assert told[check]["level"] == "ok", told[check]


def test_the_page_is_one_page_of_lines_that_fit(visit: Report) -> None:
    _, said = visit.found("page")
    lines = said.splitlines()
    assert len(lines) <= 50
    assert all(len(line) <= 100 for line in lines)


def test_whoever_is_not_root_is_told_what_only_root_may_see(visit: Report) -> None:
    _, said = visit.found("stranger")
    assert "only root may look" in said
    assert "could not be examined" not in said
    assert visit.found("stranger")[0] == 0


def test_the_lines_of_the_last_call_are_found_by_it(visit: Report) -> None:
    code, said = visit.found("logs")
    assert code == 0
    assert "call ended direction=out party=600" in said
    assert "registered server=" not in said


def test_lines_are_chosen_by_severity_and_come_with_their_fields(visit: Report) -> None:
    assert visit.found("warnings")[0] == 0
    assert " info " not in visit.found("warnings")[1]
    for line in visit.found("raw")[1].splitlines():
        assert "MESSAGE" in json.loads(line)


def test_a_journal_that_may_not_be_read_is_told_with_the_way_to_it(visit: Report) -> None:
    code, said = visit.found("refused")
    assert code == 4
    assert "systemd-journal" in said


def test_both_slots_are_shown_and_what_is_no_bundle_is_refused(visit: Report) -> None:
    code, said = visit.found("status")
    assert code == 0
    assert said.splitlines()[1].startswith("A ")
    code, said = visit.found("nonsense")
    assert code == 1
    assert "This is no bundle" in said


def test_row_20_the_report_holds_no_secret_of_this_phone(
    files: dict[str, str], key: tuple[str, str]
) -> None:
    public = key[1].split()[1]
    for name, text in files.items():
        assert PASSWORDS["1001"] not in text, name
        assert public not in text, name
        assert "PRIVATE KEY--" not in text, name


def test_the_report_is_complete_and_was_made_in_reasonable_time(
    files: dict[str, str], visit: Report
) -> None:
    assert "call ended" in files["phone.log"]
    assert "offhookd.service" in files["start.txt"]
    assert "BOOT_ORDER" in files["slots.txt"]
    assert "table inet" in files["network.txt"]
    assert "Debian" in files["versions.txt"]
    assert "party=600" not in files["phone.log"]
    assert visit.found("seconds") < 120  # a few seconds on a board


def test_settings_are_applied_and_the_registration_is_awaited(visit: Report) -> None:
    for time in ("applied", "again"):
        code, said = visit.found(time)
        assert code == 0, said
        assert "1001 is registered" in said


def test_a_wrong_password_is_told_with_its_remedy(visit: Report) -> None:
    code, said = visit.found("wrong")
    assert code == 1
    assert "wrong password" in said
    assert "/etc/offhook/sip-password" in said


def test_settings_that_are_wrong_leave_the_phone_as_it_is(visit: Report) -> None:
    code, said = visit.found("unusable")
    assert code == 1
    assert "account.user" in said
    assert "nothing was changed" in said
