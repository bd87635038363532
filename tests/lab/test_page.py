"""The drawn telephone in headless Chromium: the real page, pins, service and exchange behind it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from support.browser import chromium
from support.lab_process import PATIENCE, Running, lab

pytestmark = pytest.mark.browser


class Page:
    """What a person does at the page, and sees there."""

    def __init__(self, browser: Chrome, running: Running) -> None:
        self.browser, self.running = browser, running
        browser.get(running.page)
        self.until(lambda: "registered" in self.one("registered").text)

    def one(self, identifier: str) -> WebElement:
        return self.browser.find_element(By.ID, identifier)

    def until(self, holds: object) -> None:
        assert callable(holds)
        WebDriverWait(self.browser, PATIENCE, poll_frequency=0.05).until(lambda _: holds())

    def hook(self) -> None:
        self.one("handset").click()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.browser.find_element(By.CSS_SELECTOR, f'.key[data-key="{key}"]').click()

    @property
    def line(self) -> str:
        return self.one("line").text

    @property
    def rungs(self) -> list[str]:
        found = self.browser.find_elements(By.CSS_SELECTOR, "#ladder .msg")
        return [rung.get_attribute("data-title") or "" for rung in found]

    def shows(self, name: str) -> bool:
        return name in (self.one("desk").get_attribute("class") or "").split()


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with lab() as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(browser: Chrome, running: Running) -> Iterator[Page]:
    page = Page(browser, running)
    yield page
    running.ask("hangup")
    if page.shows("lifted"):
        page.hook()
    running.wait_state("idle")
    severe = [
        entry
        for entry in browser.get_log("browser")  # type: ignore[no-untyped-call]
        if entry["level"] == "SEVERE"
    ]
    assert [entry for entry in severe if "favicon" not in entry["message"]] == []


def test_lift_dial_600_talk_hang_up(page: Page) -> None:
    page.hook()
    page.until(lambda: page.shows("lifted"))
    page.until(lambda: page.one("tone").text == "dial tone")
    page.press(*"600")
    page.until(lambda: page.line == "Talking to 600")
    page.until(lambda: page.one("clock").text == "0:02")
    call = page.rungs[page.rungs.index("INVITE 600") :]
    assert "407 Proxy Authentication Required (INVITE)" in call
    assert call[-3:] == ["180 Ringing (INVITE)", "200 OK (INVITE)", "ACK 600"]
    page.until(lambda: page.one("tone").text == "the call, PCMA")
    if picture := os.environ.get("OFFHOOK_PICTURE"):  # how hardware/desk.png was made
        page.browser.save_screenshot(picture)
    page.hook()
    page.until(lambda: page.rungs[-2:] == ["BYE 600", "200 OK (BYE)"])
    page.until(lambda: not page.shows("lifted") and page.one("clock").text == "")


def test_the_bell_shakes_when_602_calls_back_and_lifting_answers(page: Page) -> None:
    page.hook()
    page.press(*"602")
    page.until(lambda: page.line == "Talking to 602")
    page.hook()
    page.until(lambda: page.shows("ringing"))
    shaken = page.browser.execute_script(
        "return getComputedStyle(document.getElementById('bell')).animationName"
    )
    assert shaken == "shake"
    assert int(page.one("bell").get_attribute("data-hertz") or 0) > 0
    page.hook()
    page.until(lambda: "602" in page.line and page.one("clock").text != "")
    assert not page.shows("ringing")


def test_the_keyboard_dials_and_enter_is_the_cradle(page: Page) -> None:
    body = page.browser.find_element(By.TAG_NAME, "body")
    body.send_keys(Keys.ENTER)
    page.until(lambda: page.shows("lifted"))
    body.send_keys("601")
    page.until(lambda: page.line == "Talking to 601")
    page.until(lambda: "0 dBm0" in page.one("heard-value").text)
    body.send_keys(Keys.ENTER)
    page.until(lambda: not page.shows("lifted"))


def test_a_busy_number_is_told_in_the_ladder_the_display_and_the_tone(page: Page) -> None:
    page.hook()
    page.press(*"603")
    page.until(lambda: page.one("tone").text == "busy tone")
    page.until(lambda: "486 Busy Here (INVITE)" in page.rungs)
    failing = page.browser.find_elements(By.CSS_SELECTOR, ".msg.fails")
    assert [rung.get_attribute("data-title") for rung in failing] == ["486 Busy Here (INVITE)"]


def test_a_message_opens_without_the_proof_of_the_password(page: Page) -> None:
    rung = page.browser.find_element(By.CSS_SELECTOR, '.msg[data-title="REGISTER"]:nth-of-type(3)')
    rung.click()
    text = rung.find_element(By.TAG_NAME, "pre").text
    assert "Authorization: Digest <hidden>" in text
    assert "response=" not in text


def test_a_reload_shows_the_same_telephone_again(page: Page, running: Running) -> None:
    page.hook()
    page.press(*"600")
    page.until(lambda: page.line == "Talking to 600")
    again = Page(page.browser, running)
    again.until(lambda: again.line == "Talking to 600")
    assert again.shows("lifted")
    assert "ACK 600" in again.rungs


def test_nothing_is_loaded_from_elsewhere(page: Page) -> None:
    names = page.browser.execute_script(
        "return performance.getEntriesByType('resource').map(entry => entry.name)"
    )
    assert [name for name in names if not name.startswith(page.running.page)] == []
    html = Path(__file__).parents[2] / "firmware/offhook/lab/desk.html"
    assert "https://" not in html.read_text(encoding="utf-8")
