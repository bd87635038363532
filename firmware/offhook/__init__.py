"""Offhook: a Raspberry Pi as a SIP desk phone."""
