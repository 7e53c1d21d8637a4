"""The dashboard: released tables as pages, each with its chart, its quality and its files."""
