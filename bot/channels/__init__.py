"""Ways in: each channel turns its own wire format into updates and renders replies with what it can do."""
