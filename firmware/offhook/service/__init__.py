"""The only package that waits."""
