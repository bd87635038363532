"""The running telephone under ill will, in a call, from trusted and from foreign addresses.

Reliability A.3 #1: no answer of ours later than 100 ms, no gap in the audio, no growth of memory.
"""

import os
import re
import socket
import time
from random import Random

import pytest

from support.abuse import abuse, cancelled, request, sdp
from support.handset import Handset
from support.live import (
    assert_clean_journal,
    caller,
    endpoint,
    footprint,
    processes,
    silent_parts,
    talk_to,
)
from support.vloop import sample_now

pytestmark = pytest.mark.integration
PACE = 0.06  # seconds between messages: faster, and the allowance of a source drops them
FOREIGN = "127.0.0.2"


def rtp_ports(phone: Handset) -> list[int]:
    """UDP ports that the telephone has open, but for SIP."""
    inodes = set()
    for pid in processes(phone):
        for name in os.listdir(f"/proc/{pid}/fd"):
            try:
                target = os.readlink(f"/proc/{pid}/fd/{name}")
            except FileNotFoundError:
                continue
            inodes.update(re.findall(r"socket:\[(\d+)\]", target))
    with open("/proc/net/udp", encoding="ascii") as file:
        rows = [line.split() for line in file.readlines()[1:]]
    ports = {int(row[1].rpartition(":")[2], 16) for row in rows if row[9] in inodes}
    return sorted(ports - {endpoint(phone).port})


@pytest.mark.parametrize("host", ["127.0.0.1", FOREIGN])
def test_the_abuse_set_in_a_call_leaves_no_gap_and_no_trace_row_a3_1(
    phone: Handset, host: str
) -> None:
    talk_to(phone)
    before = footprint(phone)
    with caller(phone, host) as ill, caller(phone) as well:
        slowest, start = 0.0, sample_now()
        answers = 0
        for number, (_, data) in enumerate(abuse(ill.aim)):
            ill.send(data)
            time.sleep(PACE if host != FOREIGN else PACE / 5)
            told = ill.drain()
            answers += len(told)
            if any(answer.startswith(b"SIP/2.0 180") for answer in told):
                ill.send(cancelled(data))
            if number % 20 == 0:
                slowest = max(slowest, well.probe())
        slowest, end = max(slowest, well.probe()), sample_now()
    assert (answers > 0) == (host != FOREIGN)
    assert phone.cards.line("ear").gaps(start, end - start) == 0
    assert slowest < 0.1
    status = phone.status()
    assert status["state"] == "talking"
    assert status["microphone"] is True
    assert footprint(phone).resident - before.resident < 6 << 20  # transactions live for 32 s
    phone.do("hangup")
    phone.wait_until("idle")
    assert_clean_journal(phone)
    if host == FOREIGN:
        assert re.search(r"stranger ignored .*source=127\.0\.0\.2", phone.program.log)


def test_garbage_on_the_rtp_ports_is_not_heard_row_a3_16(phone: Handset) -> None:
    talk_to(phone)
    random, before = Random(5), footprint(phone)
    ports = rtp_ports(phone)
    assert len(ports) == 2  # RTP and RTCP of the call; nobody listens for the next one yet
    start = sample_now()
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as foreign,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as near,
    ):
        foreign.bind((FOREIGN, 0))
        near.bind(("127.0.0.1", 0))
        for number in range(3000):
            data = random.randbytes(random.choice((0, 1, 11, 12, 28, 172, 1400)))
            if number % 2:  # it passes for RTP or RTCP at first sight
                data = random.choice((b"\x80\0", b"\xbf\0", b"\x80\xc8", b"\x9f\xc9")) + data[2:]
            for port in ports:
                (foreign if number % 3 else near).sendto(data, ("127.0.0.1", port))
            if number % 20 == 0:
                time.sleep(0.01)
    time.sleep(0.2)
    end = sample_now() - 800
    assert phone.cards.line("ear").gaps(start, end - start) == 0
    assert silent_parts(phone, start, end) == 0
    assert phone.status()["state"] == "talking"
    assert footprint(phone).resident - before.resident < 6 << 20  # transactions live for 32 s
    assert_clean_journal(phone)


def test_a_flood_from_a_stranger_leaves_the_call_alone_row_a3_3(phone: Handset) -> None:
    talk_to(phone)
    sip, ports = endpoint(phone), rtp_ports(phone)
    start, lines = sample_now(), len(phone.program.lines)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flood:
        flood.bind((FOREIGN, 0))
        end = time.monotonic() + 3
        while time.monotonic() < end:  # about 2 000 a second, and as many on each RTP port
            for _ in range(20):
                flood.sendto(b"INVITE sip:100@x SIP/2.0\r\nVia: x\r\n\r\n", sip)
                for port in ports:
                    flood.sendto(bytes(172), (sip.host, port))
            time.sleep(0.01)
    stop = sample_now() - 800
    assert phone.cards.line("ear").gaps(start, stop - start) == 0
    assert silent_parts(phone, start, stop) < 10  # of 150: the exchange may be late, not we
    assert phone.status()["state"] == "talking"
    assert len(phone.program.lines) - lines <= 3  # told once a minute
    with caller(phone) as well:
        assert well.probe() < 0.5
        well.send(request(well.aim, "after", body=sdp()))
        phone.wait_until("announced", patience=2)  # the next caller is let through
    phone.do("hangup")
    assert_clean_journal(phone)


def test_200_calls_that_come_to_nothing_leave_no_descriptor_and_no_thread_row_a3_2(
    phone: Handset,
) -> None:
    phone.wait_until(lambda status: status["registered"] is True)
    with caller(phone) as ill:
        good = dict(abuse(ill.aim))["from-ansi"]

        def churn(first: int, count: int) -> None:
            for number in range(first, first + count):
                data = good.replace(b"abusefrom-ansi", b"churn%d" % number)
                data = data.replace(b"abuse-from-ansi", b"churn%d" % number)
                ill.send(data)
                if number % 2:
                    ill.send(cancelled(data))  # of the others each rings until it is put down
                else:
                    phone.wait_until("ringing")
                    phone.do("hangup")
                time.sleep(PACE)
            phone.do("hangup")
            phone.wait_until("idle")

        churn(0, 40)
        before = footprint(phone)
        churn(1000, 200)
        after = footprint(phone)
    assert after.descriptors == before.descriptors
    assert after.threads == before.threads
    assert after.resident - before.resident < 6 << 20  # transactions live on for 32 s
    assert_clean_journal(phone)
    rang = len(re.findall("call ended", phone.program.log))
    assert rang == 240
