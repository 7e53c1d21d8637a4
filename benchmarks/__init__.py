"""Repeatable measurements; run one as a module, such as `python -m benchmarks.turns`."""
