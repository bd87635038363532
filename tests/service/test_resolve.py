"""Names without waiting."""

from pathlib import Path

import pytest

from offhook.service.resolve import LIMIT, MAX_LOOKUPS, MAX_NAMES, NameCache, Resolver, look_up
from offhook.units import Seconds


class Bench:
    """A resolver whose threads are run by hand."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: list[tuple[str, tuple[str, ...]]] = []
        self.found: dict[str, tuple[str, ...]] = {}
        self.asked: list[str] = []
        self.saved = 0
        self.cache = NameCache(path / "names.json")
        self.resolver = Resolver(
            self.cache,
            answer=lambda host, addresses: self.answers.append((host, addresses)),
            post=lambda job: job(),
            save=self._save,
            look_up=lambda host: self.found.get(host, ()),
        )
        bench = self

        class Thread:
            def __init__(self, *, args: tuple[str], **_: object) -> None:
                bench.asked.append(args[0])

            def start(self) -> None:
                pass

        monkeypatch.setattr("offhook.service.resolve.threading.Thread", Thread)

    def _save(self) -> None:
        self.saved += 1
        self.cache.save()

    def finish(self, host: str) -> None:
        self.resolver._run(host)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, monkeypatch)


def at(seconds: float) -> Seconds:
    return Seconds(seconds)


def test_an_address_is_its_own_answer(bench: Bench) -> None:
    bench.resolver.resolve("2001:db8::1", at(0))
    assert bench.answers == [("2001:db8::1", ("2001:db8::1",))]
    assert bench.asked == []


def test_a_name_is_answered_when_its_thread_comes_back(bench: Bench) -> None:
    bench.found["pbx"] = ("192.0.2.1", "192.0.2.2")
    bench.resolver.resolve("pbx", at(0))
    assert bench.answers == []
    bench.finish("pbx")
    assert bench.answers == [("pbx", ("192.0.2.1", "192.0.2.2"))]
    assert bench.resolver.deadline() is None


def test_a_name_asked_twice_is_looked_up_once_and_answered_once(bench: Bench) -> None:
    bench.resolver.resolve("pbx", at(0))
    bench.resolver.resolve("pbx", at(1))
    assert bench.asked == ["pbx"]


def test_row_c6_a_silent_resolver_is_answered_for_after_three_seconds(bench: Bench) -> None:
    bench.resolver.resolve("pbx", at(10))
    assert bench.resolver.deadline() == 10 + LIMIT
    bench.resolver.tick(at(12.9))
    assert bench.answers == []
    bench.resolver.tick(at(13))
    assert bench.answers == [("pbx", ())]


def test_row_c6_the_last_good_answer_serves_when_dns_fails_even_after_a_restart(
    bench: Bench,
) -> None:
    bench.found["pbx"] = ("192.0.2.1",)
    bench.resolver.resolve("pbx", at(0))
    bench.finish("pbx")
    bench.found.clear()
    again = NameCache(bench.cache.path)
    assert again.read() == []
    bench.resolver.cache = again
    bench.resolver.resolve("pbx", at(60))
    bench.finish("pbx")
    assert bench.answers[1] == ("pbx", ("192.0.2.1",))


def test_an_answer_that_comes_too_late_is_kept_but_not_told_twice(bench: Bench) -> None:
    bench.found["pbx"] = ("192.0.2.1",)
    bench.resolver.resolve("pbx", at(0))
    bench.resolver.tick(at(3))
    bench.finish("pbx")
    assert len(bench.answers) == 1
    assert bench.cache.answers["pbx"] == ("192.0.2.1",)


def test_the_cache_is_written_only_when_the_answer_changed(bench: Bench) -> None:
    bench.found["pbx"] = ("192.0.2.1",)
    for time in range(3):
        bench.resolver.resolve("pbx", at(time))
        bench.finish("pbx")
    assert bench.saved == 1


def test_threads_that_hang_are_bounded(bench: Bench) -> None:
    for number in range(20):
        bench.resolver.resolve(f"host{number}", at(0))
    assert len(bench.asked) == MAX_LOOKUPS
    bench.resolver.tick(at(3))
    assert len(bench.answers) == 20


def test_the_cache_keeps_a_bounded_number_of_names(tmp_path: Path) -> None:
    cache = NameCache(tmp_path / "names.json")
    for number in range(3 * MAX_NAMES):
        cache.put(f"host{number}", ("192.0.2.1",))
    assert len(cache.answers) == MAX_NAMES
    assert f"host{3 * MAX_NAMES - 1}" in cache.answers


@pytest.mark.parametrize("content", ["", "[1]", "{", '{"a": ["x;rm"]}', '{"a": [[1]]}', "\0\xff"])
def test_a_broken_cache_is_noted_and_empty(tmp_path: Path, content: str) -> None:
    cache = NameCache(tmp_path / "names.json")
    cache.path.write_text(content, "latin-1")
    assert [note.what for note in cache.read()] == ["name cache unreadable"]
    assert cache.answers == {}


def test_no_cache_yet_is_no_news(tmp_path: Path) -> None:
    assert NameCache(tmp_path / "names.json").read() == []


@pytest.mark.integration
def test_the_system_knows_localhost_and_refuses_nonsense() -> None:
    assert "127.0.0.1" in look_up("localhost")
    assert look_up("no such name .invalid") == ()
    assert look_up("a" * 300) == ()
