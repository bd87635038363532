"""The session of one call (RFC 3264; rows 34, 35, 69)."""

from offhook.phone.media import MediaSession, Offering, acceptable
from offhook.phone.settings import PhoneSettings
from offhook.sdp.session import Session, parse
from offhook.units import Endpoint, Seconds
from support.entropy import CountingEntropy

OFFERING = Offering.of(PhoneSettings(), ("PCMA", "PCMU", "G729"))


def theirs(direction: str = "sendrecv", port: int = 40000, version: int = 1) -> bytes:
    return (
        f"v=0\r\no=- 7 {version} IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n"
        f"a=rtpmap:101 telephone-event/8000\r\na={direction}\r\n"
    ).encode()


def session(answered: bool = True) -> MediaSession:
    media = MediaSession(OFFERING, "192.0.2.10", 40002, CountingEntropy())
    media.answered = answered
    return media


def read(body: bytes) -> Session:
    return parse(body)


def test_an_offer_holds_every_codec_and_a_random_session_of_version_one() -> None:
    offer = read(session().offer())
    assert offer.media[0].formats == ("8", "0", "18", "101")
    assert (offer.media[0].port, offer.origin.version) == (40002, 1)


def test_the_version_goes_up_only_when_the_description_changes() -> None:
    media = session()
    versions = [read(media.answer(theirs())).origin.version]
    versions.append(read(media.answer(theirs())).origin.version)
    versions.append(read(media.answer(theirs("sendonly", version=2))).origin.version)
    versions.append(read(media.answer(theirs("sendonly", version=2))).origin.version)
    assert versions == [1, 1, 2, 2]


def test_nothing_is_known_before_both_have_spoken() -> None:
    media = session()
    media.offer()
    assert media.parameters() is None


def test_the_same_answer_again_changes_nothing() -> None:
    """Row 35: 183 and 200 with the same o= line."""
    media = session()
    media.offer()
    media.conclude(theirs())
    first = media.parameters()
    media.conclude(theirs())
    assert media.parameters() == first


def test_a_new_address_keeps_ssrc_sequence_and_timestamp() -> None:
    media = session()
    media.answer(theirs())
    before = media.parameters()
    media.answer(theirs(port=40010, version=2))
    after = media.parameters()
    assert before is not None
    assert after is not None
    assert after.remote == Endpoint("192.0.2.1", 40010)
    same = [(each.ssrc, each.sequence, each.timestamp, each.cname) for each in (before, after)]
    assert same[0] == same[1]


def test_silence_counts_only_while_both_may_talk() -> None:
    """Reliability C #2: hold is not a time-out; nor is a phone that rings."""
    limits = []
    for direction, answered in [("sendrecv", True), ("sendonly", True), ("sendrecv", False)]:
        media = session(answered)
        media.answer(theirs(direction))
        parameters = media.parameters()
        assert parameters is not None
        limits.append(parameters.timeout)
    assert limits == [Seconds(30), Seconds(0), Seconds(0)]


def test_a_wish_is_stale_until_it_is_offered() -> None:
    media = session()
    media.answer(theirs())
    assert not media.stale
    media.held = True
    told = [media.stale, media.offer() and media.stale]
    media.address = "192.0.2.20"
    assert [*told, media.stale] == [True, False, True]


def test_an_offer_is_acceptable_if_it_could_be_answered() -> None:
    assert acceptable(OFFERING, "192.0.2.10", theirs(), CountingEntropy())
    assert not acceptable(OFFERING, "192.0.2.10", b"v=1", CountingEntropy())
    assert not acceptable(
        Offering.of(PhoneSettings(), ()), "192.0.2.10", theirs(), CountingEntropy()
    )
