"""Declared tables over fixed periods: how they are counted, described and written out."""
