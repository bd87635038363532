"""One file per chip or library; no decisions."""
