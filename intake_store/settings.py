"""Settings of the store's commands, from `FYREN_INTAKE_…` variables."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from intake_store.statistics.declarations import DECLARATIONS_FOLDER
from intake_store.statistics.tables import DEFAULT_THRESHOLD
from intake_store.warehouse.engines import EngineName

PROJECT = Path(__file__).resolve().parent.parent


class IntakeSettings(BaseSettings):
    """Where the store's files are; what is not set lies in the folder `var`, which the bot uses too."""

    model_config = SettingsConfigDict(env_prefix="FYREN_INTAKE_", env_ignore_empty=True, populate_by_name=True)

    var: Path = Field(
        default=PROJECT / "var",
        validation_alias="FYREN_VAR",
        description="Folder of the database, the warehouse and the keys.",
    )
    database: str = Field(
        default_factory=lambda data: str(data["var"] / "intake.sqlite3"),
        description="The intake database, a path or a database URL; default `var/intake.sqlite3`.",
    )
    warehouse: str = Field(
        default_factory=lambda data: str(data["var"] / "warehouse"),
        description="The warehouse of opened responses, an encrypted folder or a `postgresql://` URL;"
        " default `var/warehouse`.",
    )
    warehouse_engine: EngineName = Field(
        default=EngineName.DUCKDB,
        description="What counts the responses of a warehouse in a folder: `duckdb` or `spark`.",
    )
    public_key: Path = Field(
        default_factory=lambda data: data["var"] / "keys" / "intake-public.pem",
        description="The key that seals responses; default `var/keys/intake-public.pem`.",
    )
    store_secret: Path = Field(
        default_factory=lambda data: data["var"] / "keys" / "intake-secret",
        description="The secret under which receipts are hashed; default `var/keys/intake-secret`.",
    )
    private_key: Path = Field(
        default_factory=lambda data: data["var"] / "analyst" / "intake-private.json",
        description="The key that opens responses; default `var/analyst/intake-private.json`.",
    )
    private_keys: Path = Field(
        default_factory=lambda data: data["private_key"].parent,
        description="The folder of older private keys, each under its key id; default: beside the newest.",
    )
    warehouse_key: Path = Field(
        default_factory=lambda data: data["private_key"].parent / "warehouse-key.json",
        description="The key of the warehouse, made by the first load; default `warehouse-key.json` beside the private"
        " key.",
    )
    releases: Path = Field(
        default_factory=lambda data: data["private_key"].parent / "releases",
        description="The folder of released tables, which only grows; default `releases` beside the private key.",
    )
    privacy_ledger: Path = Field(
        default_factory=lambda data: data["private_key"].parent / "privacy-ledger.jsonl",
        description="What tables under differential privacy have cost; default `privacy-ledger.jsonl` beside the"
        " private key.",
    )
    privacy_budget: float = Field(
        default=0.5, gt=0, description="How much rho such tables about one population and year may cost together."
    )
    codebooks: Path = Field(default=PROJECT / "flows" / "codebook", description="The folder of codebook versions.")
    coverage: Path = Field(
        default=PROJECT / "flows" / "directory" / "coverage.csv",
        description="What services there are by county, from `fyren directory coverage`.",
    )
    tables: Path = Field(default=DECLARATIONS_FOLDER, description="The folder of declared tables.")
    threshold: int = Field(default=DEFAULT_THRESHOLD, ge=3, description="The smallest count that is released.")
    production: bool = Field(default=False, description="Whether real responses are kept; forbids synthetic ones.")
    retention_weeks: int = Field(
        default=104, ge=4, description="For how many ISO weeks sealed responses are kept; `fyren retention run`."
    )
    usage_retention_weeks: int = Field(default=260, ge=4, description="For how many ISO weeks usage counts are kept.")
    backup_weeks: int = Field(
        default=6,
        ge=1,
        description="How old a backup may become, in ISO weeks; so long the ids of withdrawn responses are kept.",
    )
    key_passphrase_file: Path | None = Field(
        default=None,
        validation_alias="FYREN_KEY_PASSPHRASE_FILE",
        description="A file with the passphrase of the private key; if keys have several, one a line.",
    )
