"""The page without its script, its headers and its weight."""

from __future__ import annotations

import asyncio
import gzip
import io
import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from web_site import Site

from bot.limits.rates import ClientRates, Rates

FIRST_LOAD_LIMIT = 20_000
"""Bytes over the wire, headers apart, for everything that the first page loads."""

ALWAYS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), "
        "microphone=(), payment=(), usb=()"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
OF_THE_MOMENT = {"Content-Length", "Date"}


class Page(HTMLParser):
    """The forms of a page and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.loads: list[str] = []
        self.hidden: dict[str, str] = {}
        self.choices: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.attributes += [(tag, name, value) for name, value in values.items()]
        if tag in ("script", "img"):
            self.loads.append(values["src"])
        elif tag == "link":
            self.loads.append(values["href"])
        elif tag == "input" and values["type"] == "hidden":
            self.hidden[values["name"]] = values["value"]
        if values.get("name") == "choice":
            self.choices.append(values["value"])


async def get(site: Site, path: str = "/", **headers: str) -> Page:
    async with site.client.get(site.address + path, headers=headers) as response:
        assert response.status == 200
        return Page(await response.text())


async def post(site: Site, fields: list[tuple[str, str]], status: int = 200, **headers: str) -> Page:
    async with site.client.post(f"{site.address}/", data=fields, headers=headers) as response:
        assert response.status == status
        return Page(await response.text())


@pytest.mark.parametrize(
    ("path", "status", "content_type"),
    [
        ("/", 200, "text/html; charset=utf-8"),
        ("/nothing", 404, "text/html; charset=utf-8"),
        ("/api/openapi.yml", 200, "application/yaml; charset=utf-8"),
        ("/api/nothing", 404, "application/json; charset=utf-8"),
    ],
)
async def test_every_answer_has_exactly_these_headers(site: Site, path: str, status: int, content_type: str) -> None:
    async with site.client.get(site.address + path, headers={"Accept-Encoding": "identity"}) as response:
        assert response.status == status
        headers = {name: value for name, value in response.headers.items() if name not in OF_THE_MOMENT}
    expected = {**ALWAYS, "Cache-Control": "no-store", "Content-Type": content_type}
    if path != "/api/openapi.yml":
        expected["Content-Language"] = "en"
    if content_type.startswith("text/html"):
        expected["Vary"] = "Accept, Accept-Encoding, Accept-Language"
    assert headers == expected


async def test_static_files_are_kept_for_ever_under_the_name_of_their_content(site: Site) -> None:
    for path in set((await get(site)).loads):
        assert re.fullmatch(r"/static/\w+\.[0-9a-f]{12}\.(css|js|svg)", path)
        async with site.client.get(site.address + path, headers={"Accept-Encoding": "identity"}) as response:
            headers = {name: value for name, value in response.headers.items() if name not in OF_THE_MOMENT}
            assert headers.pop("Content-Type") in (
                "text/css; charset=utf-8",
                "text/javascript; charset=utf-8",
                "image/svg+xml; charset=utf-8",
            )
            assert headers == {
                **ALWAYS,
                "Cache-Control": "public, max-age=31536000, immutable",
                "Vary": "Accept-Encoding",
            }


async def test_the_first_load_is_light(site: Site) -> None:
    page = await get(site, **{"Accept-Language": "sv"})
    weight = 0
    for path in ["/", *sorted(set(page.loads))]:
        split = urlsplit(site.address)
        reader, writer = await asyncio.open_connection(split.hostname, split.port)
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept-Language: sv\r\nAccept-Encoding: gzip, deflate, br\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        assert b"Content-Encoding: gzip" in head
        assert gzip.decompress(body)
        weight += len(body)
    print(f"first load: {weight} bytes")
    assert weight < FIRST_LOAD_LIMIT


async def test_a_browser_without_gzip_is_served(site: Site) -> None:
    for encoding in ("identity", "gzip;q=0, deflate", ""):
        async with site.client.get(f"{site.address}/", headers={"Accept-Encoding": encoding}) as response:
            assert "Content-Encoding" not in response.headers
            assert "Fyren" in await response.text()


async def test_the_page_holds_nothing_that_its_policy_forbids(site: Site) -> None:
    page = await get(site)
    assert "<style" not in page.text
    assert not re.search(r"<script(?![^>]* src=)", page.text)
    for tag, name, value in page.attributes:
        assert name != "style"
        assert not name.startswith("on")
        assert tag == "a" or not value.startswith(("http:", "https:", "//", "data:"))


async def test_no_cookies_and_a_neutral_title(site: Site) -> None:
    async with site.client.get(f"{site.address}/") as response:
        assert "Set-Cookie" not in response.headers
        assert "<title>Fyren</title>" in await response.text()


async def test_forms_alone_hold_a_conversation(site: Site) -> None:
    page = await get(site)
    page = await post(site, [("state", page.hidden["state"]), ("choice", "flow:multiple")])
    assert "Question 4 of 9" in page.text
    assert "You can choose up to 3 answers." in page.text
    chosen = [("choice", "needs:money"), ("choice", "needs:home"), ("choice", "command:done"), ("text", "")]
    page = await post(site, [("state", page.hidden["state"]), *chosen])
    assert site.answering.heard[-1].choices == ("needs:money", "needs:home", "command:done")
    assert "<dl>" in page.text
    page = await post(site, [("state", page.hidden["state"]), ("text", "hello åäö")])
    assert site.answering.heard[-1].text == "hello åäö"


async def test_a_button_wins_over_a_text_that_was_begun(site: Site) -> None:
    page = await get(site)
    await post(site, [("state", page.hidden["state"]), ("text", "I beg"), ("choice", "flow:single")])
    assert (site.answering.heard[-1].text, site.answering.heard[-1].choices) == (None, ("flow:single",))


async def test_the_language_picker_keeps_the_place(site: Site) -> None:
    page = await get(site)
    page = await post(site, [("state", page.hidden["state"]), ("choice", "flow:single")])
    page = await post(site, [("state", page.hidden["state"]), ("shown", "en"), ("language", "sv")])
    assert '<html lang="sv" dir="ltr">' in page.text
    assert "Hur är det för dig nu?" in page.text
    assert "Fråga 3 av 9" in page.text
    page = await post(site, [("state", page.hidden["state"]), ("shown", "sv"), ("language", "ar")])
    assert '<html lang="ar" dir="rtl">' in page.text


async def test_the_first_page_can_be_asked_for_in_a_language(site: Site) -> None:
    assert '<html lang="sv"' in (await get(site, "/?language=sv")).text
    assert '<html lang="en"' in (await get(site, "/?language=xx")).text
    assert '<html lang="en"' in (await get(site, "/?language=%3Cscript%3E")).text


async def test_only_unreviewed_languages_say_so(site: Site) -> None:
    assert 'id="review"' in (await get(site, "/?language=sv")).text
    assert 'id="review"' not in (await get(site, "/?language=en")).text


async def test_what_the_assistant_says_is_never_markup(site: Site) -> None:
    page = await post(site, [("state", (await get(site)).hidden["state"]), ("text", "markup")])
    assert "<script>document" not in page.text
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; &#34;quotes&#34;" in page.text


async def test_leaving_by_a_word_goes_elsewhere_and_shows_nothing(site: Site) -> None:
    page = await post(site, [("state", (await get(site)).hidden["state"]), ("text", "exit")])
    assert '<meta http-equiv="refresh" content="0; url=https://elsewhere.example/">' in page.text
    assert "state" not in page.hidden
    assert "<form" not in page.text


async def test_the_exit_is_a_plain_link(site: Site) -> None:
    assert re.search(
        r'<a id="exit" href="https://elsewhere.example/" rel="noreferrer nofollow">', (await get(site)).text
    )


async def test_a_problem_leaves_a_way_on(site: Site) -> None:
    state = (await get(site)).hidden["state"]
    page = await post(site, [("state", state), ("shown", "sv"), ("text", "x" * 1001)], 422)
    assert '<html lang="sv"' in page.text
    assert page.hidden["state"] == state
    assert "x" * 1001 in page.text
    page = await post(site, [("state", page.hidden["state"]), ("shown", "sv"), ("language", "sv")])
    assert "Vad gäller det?" in page.text


async def test_a_fault_of_ours_can_be_tried_again(site: Site) -> None:
    state = (await get(site)).hidden["state"]
    page = await post(site, [("state", state), ("text", "break")], 500)
    assert page.hidden == {"state": state, "shown": "en", "text": "break"}


async def test_an_unknown_token_on_the_page_restarts_in_its_language(site: Site) -> None:
    page = await post(site, [("state", "1xyz"), ("shown", "sv"), ("choice", "flow:single")])
    assert "Det gick inte att fortsätta det förra samtalet" in page.text


@pytest.mark.parametrize(
    "body",
    ["state=%ff&text=a", "a=1&" * 200, "text=ä", "choice=" + "x" * 65, "choice="],
    ids=["bytes", "fields", "not encoded", "long choice", "empty choice"],
)
async def test_a_broken_form_is_explained(site: Site, body: str) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with site.client.post(f"{site.address}/", data=body.encode(), headers=headers) as response:
        assert response.status == 400
        assert "could not be read" in await response.text()


async def test_files_are_not_taken(site: Site) -> None:
    async with site.client.post(f"{site.address}/", data={"text": io.BytesIO(b"file")}) as response:
        assert response.status == 415


async def test_a_great_body_is_refused(site: Site) -> None:
    await post(site, [("text", "x" * 70_000)], 413)


class TestBusy:
    @pytest.fixture
    def rates(self) -> Rates:
        return ClientRates(60, burst=1, clock=lambda: 0.0)

    async def test_a_choice_can_be_sent_again_later(self, site: Site) -> None:
        state = (await get(site)).hidden["state"]
        page = await post(site, [("state", state), ("choice", "flow:single")], 429)
        assert page.hidden["state"] == state
        assert page.choices == ["flow:single"]
        assert "Try again" in page.text


async def test_the_api_answers_with_the_page_when_asked(site: Site) -> None:
    headers = {"Accept": "text/html"}
    body = {"state": await site.begin(), "choice": "flow:single"}
    async with site.client.post(f"{site.address}/api/turn", json=body, headers=headers) as response:
        assert response.content_type == "text/html"
        assert 'id="newest"' in await response.text()


async def test_a_request_that_is_no_http_is_not_logged(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    split = urlsplit(site.address)
    reader, writer = await asyncio.open_connection(split.hostname, split.port)
    writer.write(b"GET /marked\x00 HTTP/9.9\r\nmarked\r\n\r\n")
    assert b" 400 " in await reader.readline()
    writer.close()
    await writer.wait_closed()
    assert "marked" not in caplog.text
    assert "127.0.0.1" not in caplog.text
