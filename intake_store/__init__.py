"""Sealed responses and the statistics made of them."""
