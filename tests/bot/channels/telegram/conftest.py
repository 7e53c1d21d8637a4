"""The stand-in for the Bot API, small catalogues, and channels that are stopped after the test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import certifi
import pytest
from bot_api import BotApi
from running_channel import TOKEN, Starter

from bot.channels.telegram import wording
from bot.translation.catalogues import Catalogues, load_catalogues


@pytest.fixture
def catalogues(tmp_path: Path) -> Catalogues:
    """Swedish and English, with a few strings translated."""
    strings = {
        "sv": {
            "Choose another language": "Välj ett annat språk",
            wording.FAILED: "Något gick fel.",
            "Question %(position)s of %(total)s": "Fråga %(position)s av %(total)s",
        },
        "en": {},
    }
    for code, translations in strings.items():
        folder = tmp_path / "locales" / code / "LC_MESSAGES"
        folder.mkdir(parents=True)
        entries = "".join(f'\nmsgid "{msgid}"\nmsgstr "{text}"\n' for msgid, text in translations.items())
        head = "# Review-Status: reviewed\n# Live: yes\n"
        meta = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        meta += '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n'
        (folder / "fyren.po").write_text(head + meta + entries, encoding="utf-8")
    return load_catalogues(tmp_path / "locales")


@pytest.fixture(autouse=True, scope="session")
def one_certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let the library load one authority instead of all: no test speaks TLS, and loading takes longer than a test."""
    path = tmp_path_factory.mktemp("certificates") / "one.pem"
    end = "-----END CERTIFICATE-----"
    path.write_text(Path(certifi.where()).read_text(encoding="utf-8").partition(end)[0] + end + "\n")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SSL_CERT_FILE", str(path))
        yield


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    server = BotApi(TOKEN)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def started(api: BotApi, catalogues: Catalogues) -> AsyncIterator[Starter]:
    async with AsyncExitStack() as stack:
        yield Starter(api, catalogues, stack)
