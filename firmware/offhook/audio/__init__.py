"""Sound as numbers: codecs, tones, levels, concealment, playout."""
