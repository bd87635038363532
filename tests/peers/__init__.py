"""Real peers from Debian on loopback: baresip, kamailio, linphone, SIPp."""
