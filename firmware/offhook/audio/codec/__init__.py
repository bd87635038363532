"""Codecs: 16-bit linear in, octets out, and back."""
