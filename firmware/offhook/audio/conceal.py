"""Packet-loss concealment by pitch repetition, in the manner of ITU-T G.711 Appendix I."""


class Concealer:
    """Feed it every frame that is played, good or missing, in order."""

    def good(self, pcm: bytes) -> bytes:
        """Received sound, any length; blended in after a loss; same length comes back."""
        raise NotImplementedError

    def missing(self, n: int) -> bytes:
        """`n` samples in place of what did not come."""
        raise NotImplementedError
