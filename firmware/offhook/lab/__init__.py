"""The phone without a phone: a drawn desk phone and an exchange to call."""
