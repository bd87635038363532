"""What runs inside the booted image, under its own Python; standard library and `offhook` only."""
