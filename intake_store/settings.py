"""Settings of the store's commands, from `FYREN_INTAKE_…` variables."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from intake_store.analysis.declarations import DECLARATIONS_FOLDER
from intake_store.analysis.tables import DEFAULT_THRESHOLD


class IntakeSettings(BaseSettings):
    """Where the store's files are. Relative paths start in the folder that the command is run in."""

    model_config = SettingsConfigDict(env_prefix="FYREN_INTAKE_", populate_by_name=True)

    database: str = Field(default="var/intake.sqlite3", description="The intake database: a path, or a database URL.")
    warehouse: Path = Field(default=Path("var/warehouse.duckdb"), description="The warehouse of opened responses.")
    public_key: Path = Field(default=Path("var/keys/intake-public.pem"), description="The key that seals responses.")
    store_secret: Path = Field(
        default=Path("var/keys/intake-secret"), description="The secret under which receipts are hashed."
    )
    private_key: Path = Field(
        default=Path("var/analyst/intake-private.json"), description="The key that opens responses."
    )
    codebooks: Path = Field(default=Path("flows/codebook"), description="The folder of codebook versions.")
    tables: Path = Field(default=DECLARATIONS_FOLDER, description="The folder of declared tables.")
    threshold: int = Field(default=DEFAULT_THRESHOLD, ge=3, description="The smallest count that is released.")
    production: bool = Field(default=False, description="Whether real responses are kept; forbids synthetic ones.")
    key_passphrase_file: Path | None = Field(
        default=None,
        validation_alias="FYREN_KEY_PASSPHRASE_FILE",
        description="A file with the passphrase of the private key.",
    )
