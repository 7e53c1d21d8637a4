"""The demonstration keeps apart from everything else, and lets somebody in who has no telephone at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyst.accounts.assembly import open_accounts
from analyst.accounts.errors import LoginRefused
from analyst.accounts.passkeys import RelyingParty
from analyst.accounts.sessions import Stage
from analyst.settings import AnalystSettings
from fyren.demonstration import NAME, make_login, stand_apart
from intake_store.settings import IntakeSettings


def test_no_other_store_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = {
        "FYREN_VAR": "/srv/real",
        "FYREN_INTAKE_DATABASE": "postgresql://real.example/intake",
        "FYREN_INTAKE_PRODUCTION": "true",
        "FYREN_INTAKE_RELEASES": "/srv/real/releases",
        "FYREN_KEY_PASSPHRASE_FILE": "/srv/real/passphrase",
        "FYREN_ANALYST_HOST": "0.0.0.0",
        "FYREN_ANALYST_PUBLIC_ADDRESS": "https://real.example/",
        "FYREN_ANALYST_ACCOUNTS": "/srv/real/accounts.sqlite3",
        "FYREN_ANALYST_PORT": "8123",
    }
    for name, value in elsewhere.items():
        monkeypatch.setenv(name, value)
    stand_apart()
    intake, analyst = IntakeSettings(), AnalystSettings()
    assert analyst.is_on_loopback
    assert analyst.origin == "http://localhost:8123"
    for place in (intake.database, intake.warehouse, intake.private_key, intake.releases, analyst.accounts):
        assert Path(place).parts[-3:-1] in {("var", "demo"), ("demo", "analyst")}, place
    assert intake.key_passphrase_file is None
    assert not intake.production


async def test_every_start_has_a_login_of_its_own(tmp_path: Path) -> None:
    settings = AnalystSettings(var=tmp_path)
    first, second = await make_login(settings), await make_login(settings)
    assert (first.name, second.name) == (NAME, NAME)
    party = RelyingParty(settings.public_host, "Fyren", settings.origin)
    async with open_accounts(settings.accounts, party, key=settings.accounts_key) as room:
        with pytest.raises(LoginRefused):
            await room.login.with_password(NAME, first.password, None)
        token = await room.login.with_password(NAME, second.password, None)
        session = await room.sessions.find(await room.login.confirm(token, second.codes[3], None))
        assert session is not None
        assert session.stage is Stage.COMPLETE
        assert len(session.account.permissions) == 7
