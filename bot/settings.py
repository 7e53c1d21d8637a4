"""The bot's settings, from `FYREN_*` variables; every one is described in `docs/settings.md`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, HttpUrl, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).resolve().parent.parent


class BotSettings(BaseSettings):
    """Everything that can be set for the bot's process; unknown `FYREN_*` variables of other parts are left alone."""

    model_config = SettingsConfigDict(
        env_prefix="FYREN_", env_ignore_empty=True, extra="ignore", frozen=True, populate_by_name=True
    )

    host: str = Field("127.0.0.1", description="Address the web page listens on.")
    port: int = Field(8080, ge=0, le=65535, description="Port the web page listens on; 0 takes a free one.")
    content: Path = Field(PROJECT, description="Folder that holds `flows/` and `locales/`.")
    var: Path = Field(PROJECT / "var", description="Folder for keys, the database and sockets.")
    default_language: str = Field("sv", description="Language for a person whose own is not live.")
    exit_url: HttpUrl = Field(
        HttpUrl("https://www.smhi.se/"), description="Where the exit button leads: something neutral and common."
    )
    public_address: HttpUrl | None = Field(
        None, description="Where people find the web page; told in messengers. Default: host and port."
    )
    trusted_proxies: int = Field(
        0, ge=0, le=5, description="How many reverse proxies stand in front and set X-Forwarded-For."
    )
    turns_per_minute: int = Field(40, ge=1, description="Turns a client may take in a minute.")
    text_length: int = Field(1000, ge=100, le=4000, description="Characters a message may have.")

    nlu_socket: Path | None = Field(
        None, description="Socket of the understanding service; default `var/run/nlu.sock`."
    )
    nlu_url: HttpUrl | None = Field(None, description="Address of the understanding service, instead of the socket.")
    nlu_token_file: Path | None = Field(None, description="File with the token for `FYREN_NLU_URL`.")

    record_responses: bool = Field(True, description="Whether questionnaire answers are recorded at all.")
    record_usage: bool | None = Field(
        None,
        description="Whether use is counted, by ISO week and for nobody in particular; default as "
        "`FYREN_RECORD_RESPONSES`.",
    )
    database: str | None = Field(
        None, validation_alias="FYREN_INTAKE_DATABASE", description="The intake database; default `var/intake.sqlite3`."
    )
    public_key: Path | None = Field(
        None,
        validation_alias="FYREN_INTAKE_PUBLIC_KEY",
        description="The key that seals responses; default `var/keys/intake-public.pem`.",
    )
    store_secret: Path | None = Field(
        None,
        validation_alias="FYREN_INTAKE_STORE_SECRET",
        description="Secret under which receipt codes are hashed; default `var/keys/intake-secret`.",
    )
    state_keys: Path | None = Field(None, description="Keys of the state tokens; default `var/keys/state.json`.")
    state_hours: int = Field(12, ge=1, le=24, description="Hours after which a web conversation can no longer go on.")

    telegram: Literal["off", "polling", "webhook"] = Field("off", description="Whether and how Telegram is served.")
    telegram_token_file: Path | None = Field(None, description="File with the token of the Telegram bot.")
    telegram_api: HttpUrl = Field(HttpUrl("https://api.telegram.org"), description="Address of the Bot API.")
    telegram_webhook_url: HttpUrl | None = Field(None, description="Public address of the webhook.")
    telegram_webhook_secret: SecretStr | None = Field(None, description="Secret that Telegram sends with each update.")
    telegram_idle_minutes: int = Field(
        30, ge=1, description="Minutes without a message after which a chat is forgotten."
    )
    telegram_hours: int = Field(24, ge=1, le=72, description="Hours after which a chat is forgotten in any case.")

    valkey_url: SecretStr | None = Field(
        None, description="Valkey server that chats are kept in, sealed; without it they are kept in memory."
    )
    chat_secret: Path | None = Field(
        None, description="Secret of the chats in the Valkey server; default `var/keys/chats.secret`."
    )

    @field_validator("default_language")
    @classmethod
    def _is_code(cls, value: str) -> str:
        if not (value.isalpha() and value.islower() and 2 <= len(value) <= 3):
            raise ValueError("is a language code such as sv")
        return value

    @property
    def web_address(self) -> str:
        """The address of the web page, for people."""
        return str(self.public_address or f"http://{self.host}:{self.port}/")

    @property
    def nlu_socket_path(self) -> Path:
        """The socket of the understanding service."""
        return self.nlu_socket or self.var / "run" / "nlu.sock"

    @property
    def state_keys_path(self) -> Path:
        """The key file of the state tokens."""
        return self.state_keys or self.var / "keys" / "state.json"

    @property
    def database_location(self) -> str:
        """Path or URL of the intake database."""
        return self.database or str(self.var / "intake.sqlite3")

    @property
    def counts_usage(self) -> bool:
        """Whether use is counted."""
        return self.record_responses if self.record_usage is None else self.record_usage

    @property
    def public_key_path(self) -> Path:
        """The store's public key."""
        return self.public_key or self.var / "keys" / "intake-public.pem"

    @property
    def store_secret_path(self) -> Path:
        """The secret of the store."""
        return self.store_secret or self.var / "keys" / "intake-secret"

    @property
    def chat_secret_path(self) -> Path:
        """The secret of the chats in a Valkey server."""
        return self.chat_secret or self.var / "keys" / "chats.secret"

    @property
    def state_life(self) -> timedelta:
        """How long a state token lives."""
        return timedelta(hours=self.state_hours)


class SettingsError(ValueError):
    """Settings that cannot be used; each line of the message names a variable and says what is wrong."""


def read_settings() -> BotSettings:
    """Return the settings of the environment; raises `SettingsError`."""
    try:
        return BotSettings()
    except ValidationError as error:
        # What was set is not repeated: it may be a secret.
        lines = [
            f"FYREN_{'_'.join(map(str, entry['loc'])).upper().removeprefix('FYREN_')}: {entry['msg']}"
            for entry in error.errors(include_input=False, include_url=False)
        ]
        raise SettingsError("\n".join(lines)) from error
