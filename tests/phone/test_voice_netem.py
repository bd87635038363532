"""The bad network of the tests is as bad as it says, and the same each time."""

from itertools import pairwise

import pytest

from offhook.units import Endpoint, Seconds
from support.netem import Delivery, Netem

FROM = Endpoint("192.0.2.1", 4000)


def through(network: Netem, count: int = 4000) -> list[Delivery]:
    for each in range(count):
        network.send(each.to_bytes(2, "big"), FROM, False, Seconds(each * 0.02))
    return network.arrived(Seconds(1e9))


def test_a_kind_network_delays_only() -> None:
    out = through(Netem(delay=0.1))
    assert [each.at for each in out] == [pytest.approx(0.02 * n + 0.1) for n in range(4000)]


@pytest.mark.parametrize("burst", [1.0, 3.0])
def test_loss_has_its_rate_and_its_bursts(burst: float) -> None:
    network = Netem(7, loss=0.1, burst=burst)
    numbers = [int.from_bytes(each.data, "big") for each in through(network)]
    assert len(numbers) == 4000 - network.lost == pytest.approx(3600, abs=120)
    gaps = [b - a - 1 for a, b in pairwise(numbers) if b - a > 1]
    assert sum(gaps) / len(gaps) == pytest.approx(burst, rel=0.25)


def test_order_is_kept_unless_told_otherwise() -> None:
    for reorder in (False, True):
        out = through(Netem(7, jitter=0.05, reorder=reorder, duplicate=0.1))
        numbers = [each.data for each in out]
        assert (numbers == sorted(numbers)) is not reorder
        assert len(numbers) == pytest.approx(4400, abs=80)


def test_the_same_seed_is_the_same_network() -> None:
    assert through(Netem(7, jitter=0.1, loss=0.1)) == through(Netem(7, jitter=0.1, loss=0.1))
