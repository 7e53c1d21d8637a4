"""From sealed rows to opened responses in columns, on the analyst's machine."""
