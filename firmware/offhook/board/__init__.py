"""Which pin is what."""
