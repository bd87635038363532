"""The phone on simulated hardware: the real service, the lgpio factory, a real ALSA card."""
