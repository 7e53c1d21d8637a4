"""The command-line tool: starts the parts and gathers the commands that each part brings."""
