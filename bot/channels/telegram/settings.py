"""What the Telegram channel can be told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.settings import BotSettings

_TOKEN = re.compile(r"[0-9]{3,20}:[A-Za-z0-9_-]{20,100}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")


class TelegramSettingsError(Exception):
    """Telegram cannot be served with these settings."""


@dataclass(frozen=True, slots=True)
class TelegramSettings:
    """How Telegram is served.

    `api` is the address of the Bot API without a slash at its end. With a webhook, `webhook_url` is its public
    address, whose path the bot's own server answers, and `webhook_secret` what Telegram sends with each update.
    `text_length` is in characters, `seconds` are how long a call to Telegram may take.
    """

    token: SecretStr
    mode: Literal["polling", "webhook"] = "polling"
    api: str = "https://api.telegram.org"
    webhook_url: str = ""
    webhook_secret: SecretStr | None = None
    text_length: int = 1000
    seconds: float = 10.0
    polling_seconds: int = 25

    def __post_init__(self) -> None:
        if not _TOKEN.fullmatch(self.token.get_secret_value()):
            raise TelegramSettingsError(
                "The file of FYREN_TELEGRAM_TOKEN_FILE holds no bot token (digits, a colon, letters)."
            )
        if self.mode == "webhook":
            if urlsplit(self.webhook_url).path in ("", "/"):
                raise TelegramSettingsError(
                    "FYREN_TELEGRAM_WEBHOOK_URL needs a path of its own, such as https://example.org/telegram."
                )
            if self.webhook_secret is None or not _SECRET.fullmatch(self.webhook_secret.get_secret_value()):
                raise TelegramSettingsError(
                    "FYREN_TELEGRAM_WEBHOOK_SECRET needs 16 to 256 letters, digits, underscores or hyphens."
                )

    @classmethod
    def of(cls, settings: BotSettings) -> TelegramSettings | None:
        """Return the settings of the channel, or `None` where it is off; raises `TelegramSettingsError`."""
        if settings.telegram == "off":
            return None
        if settings.telegram_token_file is None:
            raise TelegramSettingsError("Telegram is on, so FYREN_TELEGRAM_TOKEN_FILE must name a file with the token.")
        try:
            token = settings.telegram_token_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise TelegramSettingsError(f"The token in {settings.telegram_token_file} cannot be read.") from error
        return cls(
            token=SecretStr(token),
            mode=settings.telegram,
            api=str(settings.telegram_api).rstrip("/"),
            webhook_url=str(settings.telegram_webhook_url or ""),
            webhook_secret=settings.telegram_webhook_secret,
            text_length=settings.text_length,
        )

    @property
    def webhook_path(self) -> str:
        """The path of the webhook's public address."""
        return urlsplit(self.webhook_url).path
