"""Settings of the analyst's place, from `FYREN_ANALYST_…` variables; every one is described in `docs/settings.md`."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import Field, HttpUrl, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableValue

from analyst.accounts.permissions import Role

PROJECT: Final = Path(__file__).resolve().parent.parent
PREFIX: Final = "FYREN_ANALYST_"

_LOOPBACK_NAME: Final = "localhost"


class AnalystSettings(BaseSettings):
    """Everything that can be set for the analyst's process; where responses and releases are is in `IntakeSettings`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True, populate_by_name=True
    )

    host: str = Field("127.0.0.1", description="Address the analyst's pages listen on; keep it on a private network.")
    port: int = Field(8090, ge=0, le=65535, description="Port the analyst's pages listen on; 0 takes a free one.")
    public_address: HttpUrl | None = Field(
        None,
        description="Where people open the pages, `https` unless on this machine; passkeys belong to its name."
        " Default: localhost and the port.",
    )
    trusted_proxies: int = Field(
        0, ge=0, le=5, description="How many reverse proxies stand in front and set X-Forwarded-For."
    )
    var: Path = Field(
        PROJECT / "var", validation_alias="FYREN_VAR", description="Folder of the accounts and of the analyst's keys."
    )
    accounts: Path = Field(
        default_factory=lambda data: data["var"] / "analyst" / "accounts.sqlite3",
        description="The accounts database; default `var/analyst/accounts.sqlite3`.",
    )
    accounts_key: Path = Field(
        default_factory=lambda data: data["accounts"].with_name(data["accounts"].name + ".key"),
        description="The key that seals one-time secrets; default: the accounts database's name and `.key`.",
    )
    language: str = Field("sv", pattern="^(sv|en)$", description="Language of a browser that asks for neither.")
    idle_minutes: int = Field(15, ge=1, le=120, description="Minutes without a request after which a login ends.")
    session_hours: int = Field(8, ge=1, le=24, description="Hours after which a login ends in any case.")
    licence: str = Field("", description="The licence of released tables, in the publisher's own words.")
    contact: str = Field("", description="Whom readers of released tables can ask.")
    asks_passphrase: bool = Field(
        False,
        description="Whether the passphrase of the warehouse is asked for at the start, for previews and releases,"
        " where no file holds it.",
    )
    api_requests_per_minute: int = Field(120, ge=1, description="Requests an API token or address may make a minute.")
    sign_on_issuer: str | None = Field(
        None,
        description="Issuer of the agency's own login (OpenID Connect), letter by letter; without it there are local"
        " accounts only.",
    )
    sign_on_client_id: str = Field("", description="What the agency's login knows this site as.")
    sign_on_client_secret_file: Path | None = Field(None, description="File with the client's secret.")
    sign_on_name_claim: str = Field(
        "preferred_username",
        description="The claim with the name of the account; nobody may be able to change it for themselves.",
    )
    sign_on_display_name_claim: str = Field("name", description="The claim with how the person is shown.")
    sign_on_scopes: str = Field(
        "openid profile",
        description="What the login service is asked for, apart by spaces; many give groups only if asked for them.",
    )
    sign_on_roles_claim: str = Field("groups", description="The claim that decides the roles.")
    sign_on_roles: dict[str, Role] = Field(
        {},
        description='Which value of that claim gives which role, such as `{"statistics": "analyst"}`; empty: roles are'
        " what an administrator gave.",
    )
    sign_on_creates_accounts: bool = Field(
        False, description="Whether somebody whom the claim gives a role gets an account at the first login."
    )
    sign_on_levels: frozenset[str] = Field(
        frozenset(), description="Levels of assurance (`acr`) of which a login must have one, as a JSON list."
    )

    organization: str = Field("", description="Who publishes the statistics; stands on the cover of the report.")
    reports: Path = Field(
        default_factory=lambda data: data["var"] / "analyst" / "reports",
        description="Folder of the reports that were made as PDF; default `var/analyst/reports`. It can be emptied.",
    )

    @model_validator(mode="after")
    def _is_safe(self) -> AnalystSettings:
        if not self.is_secure and not is_loopback(self.public_host):
            raise ValueError(
                f"{PREFIX}PUBLIC_ADDRESS has to begin with https:// unless it is this machine; logins would be readable"
            )
        if not is_loopback(self.host) and self.public_address is None:
            raise ValueError(f"{PREFIX}PUBLIC_ADDRESS is needed when {PREFIX}HOST is not this machine")
        return self

    @model_validator(mode="after")
    def _can_sign_on(self) -> AnalystSettings:
        if self.sign_on_issuer is None:
            if self.sign_on_client_id or self.sign_on_client_secret_file or self.sign_on_roles:
                raise ValueError(f"{PREFIX}SIGN_ON_ISSUER is needed with the other {PREFIX}SIGN_ON_… variables")
            return self
        if not self.sign_on_client_id:
            raise ValueError(f"{PREFIX}SIGN_ON_CLIENT_ID is needed with {PREFIX}SIGN_ON_ISSUER")
        if not _is_issuer(self.sign_on_issuer):
            raise ValueError(
                f"{PREFIX}SIGN_ON_ISSUER has to be an address that begins with https:// (http:// on this machine only),"
                " without ? and #, letter by letter as the login service writes it"
            )
        if "openid" not in self.sign_on_scopes.split():
            raise ValueError(f"{PREFIX}SIGN_ON_SCOPES has to hold openid")
        if not self.sign_on_name_claim or not self.sign_on_roles_claim:
            raise ValueError(f"{PREFIX}SIGN_ON_NAME_CLAIM and {PREFIX}SIGN_ON_ROLES_CLAIM have to name a claim")
        if self.sign_on_creates_accounts and not self.sign_on_roles:
            raise ValueError(
                f"{PREFIX}SIGN_ON_ROLES is needed with {PREFIX}SIGN_ON_CREATES_ACCOUNTS: an account needs a role"
            )
        return self

    @property
    def origin(self) -> str:
        """Scheme, host and port of the pages, as browsers write an origin."""
        if self.public_address is None:
            return f"http://{_LOOPBACK_NAME}:{self.port}"
        parts = urlsplit(str(self.public_address))
        standard = {"http": 80, "https": 443}[parts.scheme]
        port = "" if parts.port in (None, standard) else f":{parts.port}"
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{parts.scheme}://{host}{port}"

    @property
    def public_host(self) -> str:
        """The name of the host that people open."""
        return urlsplit(self.origin).hostname or _LOOPBACK_NAME

    @property
    def has_passkeys(self) -> bool:
        """Whether passkeys can belong to the pages: browsers give them to names, never to addresses in numbers."""
        try:
            ipaddress.ip_address(self.public_host)
        except ValueError:
            return True
        return False

    @property
    def is_secure(self) -> bool:
        """Whether people reach the pages over TLS."""
        return self.origin.startswith("https://")

    @property
    def is_on_loopback(self) -> bool:
        """Whether nobody but this machine reaches the pages."""
        return is_loopback(self.host) and is_loopback(self.public_host)


class SettingsError(ValueError):
    """Settings that cannot be used; each line of the message names a variable and says what is wrong."""


def read_settings() -> AnalystSettings:
    """Return the settings of the environment; raises `SettingsError`."""
    try:
        return AnalystSettings()
    except UnreadableValue as error:
        # The message of the error names the field and nothing that was set.
        name = next((name for name in AnalystSettings.model_fields if f'"{name}"' in str(error)), "")
        raise SettingsError(f"{PREFIX}{name.upper()}: has to be written as JSON") from error
    except ValidationError as error:
        # What was set is not repeated: it may be a secret.
        lines = []
        for entry in error.errors(include_input=False, include_url=False):
            # Only the field: after it come keys that were set.
            name = str(entry["loc"][0] if entry["loc"] else "").upper()
            name = name if name.startswith("FYREN_") else f"{PREFIX}{name}"
            lines.append(f"{name}: {entry['msg']}" if entry["loc"] else entry["msg"].removeprefix("Value error, "))
        raise SettingsError("\n".join(lines)) from error


def _is_issuer(address: str) -> bool:
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    return bool(host) and is_safe and not {"?", "#"} & set(address) and address.isprintable() and " " not in address


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == _LOOPBACK_NAME
