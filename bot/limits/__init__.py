"""How much one client may ask for, counted without keeping who the client is."""
