"""The telephone a person experiences, without hardware."""
