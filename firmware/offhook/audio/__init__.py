"""Sound as bytes: 16-bit linear little-endian mono at 8 kHz, in and out of everything here."""
