"""A conversation in the terminal, for those who write flows and translations."""
