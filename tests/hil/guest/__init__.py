"""What runs inside the simulated board."""
