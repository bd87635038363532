"""The image, booted."""
