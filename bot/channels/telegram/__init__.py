"""Telegram: turns what the Bot API sends into updates, and replies into messages with inline keyboards."""
