"""What is said next: flows as data and a pure engine that walks through them. No I/O, no clock, no randomness."""
