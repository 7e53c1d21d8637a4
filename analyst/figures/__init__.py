"""Reference figures: what others have found, to stand beside our tables with its source and its warning."""
