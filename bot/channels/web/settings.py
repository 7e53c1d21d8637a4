"""What the web channel can be told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Where the page listens, where its exit leads, and how much it takes.

    `exit_url` is a neutral and common address. `trusted_proxies` is how many reverse proxies stand in front and set
    X-Forwarded-For. `text_length` is in characters, `body_size` in bytes: a token, a text of the greatest length with
    four bytes a character, percent-encoded, and some room.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    exit_url: str = "https://www.smhi.se/"
    trusted_proxies: int = 0
    text_length: int = 1000
    body_size: int = 65_536
