"""The quarterly report: what a department can send to its board."""
