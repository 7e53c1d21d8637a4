"""The commands of the analyst's place, to be mounted in the `fyren` tool."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TextIO

import typer

from analyst.accounts.account import clean_name
from analyst.accounts.assembly import AccountsRoom, open_accounts
from analyst.accounts.audit import AuditEvent, ChainEnd
from analyst.accounts.errors import AccountsError
from analyst.accounts.passkeys import RelyingParty
from analyst.accounts.people import Invitation
from analyst.accounts.permissions import COMMAND_LINE, Role
from analyst.settings import SettingsError, read_settings

Name = Annotated[str, typer.Argument(help="The name of the account.", show_default=False)]


class AuditFormat(StrEnum):
    """How the audit log is written out."""

    CSV = "csv"
    JSONL = "jsonl"


def create_app() -> typer.Typer:
    """Return the commands; mounted without a name, they stand beside the tool's own."""
    app = typer.Typer(no_args_is_help=True)
    app.command("analyst")(serve_analyst)
    app.add_typer(accounts_app(), name="accounts")
    return app


def serve_analyst() -> None:
    """Serve the analyst's place at http://localhost:8090 until Ctrl-C.

    Keep it on a private network. Showing and exporting released tables needs no key; a preview or a release opens the
    warehouse with the passphrase in the file that FYREN_KEY_PASSPHRASE_FILE names, or asked for at the start with
    FYREN_ANALYST_ASKS_PASSPHRASE=true. `fyren accounts create` makes the first account.
    """
    raise typer.Exit(importlib.import_module("analyst.launch").main())


def accounts_app() -> typer.Typer:
    """Return the commands about accounts."""
    app = typer.Typer(no_args_is_help=True, help="Make, shut and list the accounts of the analyst's place.")
    app.command("create")(create_account)
    app.command("list")(list_accounts)
    app.command("disable")(disable_account)
    app.command("enable")(enable_account)
    app.command("reset")(reset_account)
    audit = typer.Typer(no_args_is_help=True, help="Check and write out the audit log.")
    audit.command("verify")(verify_audit_log)
    audit.command("export")(export_audit_log)
    app.add_typer(audit, name="audit")
    return app


def create_account(
    name: Name,
    role: Annotated[list[Role], typer.Option(help="What the account is; may be given several times.")],
    display_name: Annotated[str, typer.Option(help="How the person is shown; default: the name.")] = "",
    ask_password: Annotated[
        bool, typer.Option("--ask-password", help="Ask for a password here, instead of printing a one-time code.")
    ] = False,
    login_service: Annotated[
        bool, typer.Option("--login-service", help="The person logs in at the agency's own login service.")
    ] = False,
) -> None:
    """Make an account, and the accounts database if there is none.

    It prints a one-time code, with which the person sets a password and a second factor within 72 hours. Give it to
    them by a way that nobody else reads; it is not shown again.
    """

    async def create(room: AccountsRoom) -> None:
        if login_service:
            await room.people.provide(COMMAND_LINE, name, display_name, role)
            typer.echo(f"{name} can log in at the login service.")
        elif password is not None:
            until = await room.people.create_with_password(COMMAND_LINE, name, display_name, role, password)
            typer.echo(f"{name} can log in, and has to set up a second factor before {until:%Y-%m-%d %H:%M} UTC.")
        else:
            _tell(await room.people.invite(COMMAND_LINE, name, display_name, role))

    with plain_errors():
        if login_service and ask_password:
            raise AccountsError("An account of the login service has no password here. Leave out --ask-password.")
        # What is wrong with the name is said before anybody thinks up a password, or a database is made.
        clean_name(name)
        password = _asked_password() if ask_password else None
        run(create, create_database=True)


def list_accounts() -> None:
    """List the accounts: name, state, roles, how they log in, and how they are shown."""

    async def listed(room: AccountsRoom) -> None:
        accounts = await room.people.all(COMMAND_LINE)
        for account in accounts:
            roles = ", ".join(sorted(account.roles))
            typer.echo(
                f"{account.name}\t{account.state.value}\t{roles}\t{account.source.value}\t{account.display_name}"
            )
        if not accounts:
            typer.echo("There are no accounts yet. `fyren accounts create` makes one.", err=True)

    with plain_errors():
        run(listed)


def disable_account(name: Name) -> None:
    """Shut an account at once: its sessions and API tokens end. Nothing is deleted."""

    async def disable(room: AccountsRoom) -> None:
        await room.people.disable(COMMAND_LINE, name)
        typer.echo(f"{name} is disabled.")

    with plain_errors():
        run(disable)


def enable_account(name: Name) -> None:
    """Open an account that was disabled, with the password and second factor it had."""

    async def enable(room: AccountsRoom) -> None:
        await room.people.enable(COMMAND_LINE, name)
        typer.echo(f"{name} is active.")

    with plain_errors():
        run(enable)


def reset_account(name: Name) -> None:
    """Take password, second factors, sessions and tokens away from an account, and print a new one-time code.

    For somebody who lost their password or telephone. Be sure that it is them who asks.
    """

    async def reset(room: AccountsRoom) -> None:
        _tell(await room.people.reset(COMMAND_LINE, name))

    with plain_errors():
        run(reset)


def verify_audit_log(
    known: Annotated[
        str | None,
        typer.Option(help="The end that was printed and noted earlier, as number:digest.", show_default=False),
    ] = None,
) -> None:
    """Check that no record of the audit log was changed or taken out, and print its end.

    Note the end somewhere else, on paper say, and give it next time with --known: only that also shows whether somebody
    who writes the file directly made the whole log anew.
    """

    async def verify(room: AccountsRoom) -> None:
        end = await room.audit.verify(noted)
        typer.echo(f"The audit log is whole: {end.number} records.")
        typer.echo(str(end))

    with plain_errors():
        try:
            noted = None if known is None else ChainEnd.parse(known)
        except ValueError as error:
            raise typer.BadParameter(f"{error}.") from error
        run(verify)


def export_audit_log(
    out: Annotated[Path | None, typer.Option(help="A new file; without it, to the terminal.")] = None,
    output_format: Annotated[AuditFormat, typer.Option("--format", help="CSV, or one JSON object a line.")] = (
        AuditFormat.CSV
    ),
) -> None:
    """Write the whole audit log out. That it was is recorded in it."""

    async def export(room: AccountsRoom) -> None:
        with _written(out) as file:
            await room.audit.record(COMMAND_LINE.name, AuditEvent.AUDIT_LOG_EXPORTED, output_format.value)
            write = room.audit.write_csv if output_format is AuditFormat.CSV else room.audit.write_jsonl
            written = await write(file)
        typer.echo(f"{written} records.", err=True)

    with plain_errors():
        run(export)


@contextlib.contextmanager
def plain_errors() -> Iterator[None]:
    """Turn what can go wrong into a message and exit code 1; a traceback helps nobody at a prompt."""
    try:
        yield
    except (AccountsError, SettingsError) as error:
        message = str(error)
    else:
        return
    typer.echo(message, err=True)
    raise typer.Exit(1)


def run(work: Callable[[AccountsRoom], Awaitable[None]], *, create_database: bool = False) -> None:
    """Run `work` with the room of accounts that the settings name."""

    async def opened() -> None:
        async with _room(create_database) as room:
            await work(room)

    asyncio.run(opened())


@contextlib.asynccontextmanager
async def _room(create: bool) -> AsyncIterator[AccountsRoom]:
    settings = read_settings()
    party = RelyingParty(settings.public_host, "Fyren", settings.origin)
    async with open_accounts(settings.accounts, party, key=settings.accounts_key, create=create) as room:
        yield room


def _tell(invitation: Invitation) -> None:
    typer.echo(f"One-time code for {invitation.name}, until {invitation.expires:%Y-%m-%d %H:%M} UTC:")
    typer.echo(invitation.code)


def _asked_password() -> str:
    if not _at_a_terminal():
        raise AccountsError("The password cannot be asked for here. Leave out --ask-password to get a one-time code.")
    answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer


def _at_a_terminal() -> bool:
    return sys.stdin.isatty()


@contextlib.contextmanager
def _written(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        yield sys.stdout
        return
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise AccountsError(f"{out} is there already and is not overwritten. Choose another path.") from error
    except OSError as error:
        raise AccountsError(f"{out} cannot be written ({error.strerror}).") from error
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        yield file
