"""RTP and RTCP (RFC 3550) and what rides on them."""
