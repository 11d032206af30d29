"""The page in a real Chromium, against the real application with a small model."""

import os
import shutil
import socket
import threading
from pathlib import Path

import pytest
import uvicorn

from serving.backend import Backend
from serving.http import build_app

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
HOSTILE = (
    "<img src=x onerror=\"document.title='owned'\"> 🕊🕊 “We <b>stay</b>,” said Ilse <script>document.title='owned'</script> Marrow.\u202e"
)


@pytest.fixture(scope="module")
def address(baseline_artifact):
    backend = Backend()
    backend.load(baseline_artifact, version="1")
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(build_app(backend), log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)
    listener.close()


@pytest.fixture(scope="module")
def browser():
    chromium = shutil.which("chromium")
    if chromium is None:
        assert not os.environ.get("CI"), "CI must have chromium: make chromium"  # so a skip never hides in CI
        pytest.skip("no chromium on this machine; on Debian: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    arguments = [
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield found
        found.close()


@pytest.fixture
def page(browser, address):
    """A fresh page, which fails the test if it asks any host but ours or logs an error."""
    context = browser.new_context()
    found = context.new_page()
    foreign, errors = [], []
    found.on("request", lambda request: foreign.append(request.url) if not request.url.startswith(address) else None)
    found.on("pageerror", lambda error: errors.append(str(error)))
    found.goto(f"{address}/")
    yield found
    context.close()
    assert foreign == []
    assert errors == []


def test_the_sample_is_analysed_and_shown_by_speaker(page):
    page.click("#sample")
    page.click("#analyse")
    page.wait_for_selector("#results:not([hidden])")
    cards = page.locator("#statements .card")
    assert cards.count() >= 4
    speaker = page.locator("button.speaker").first
    speaker.click()
    assert speaker.get_attribute("aria-pressed") == "true"
    assert page.locator("#statements .card.dim").count() == cards.count() - page.locator("#statements .card:not(.dim)").count() > 0


def test_highlights_stand_where_the_quotes_do_also_behind_emoji(page):
    article = "🕊🕊 A dove and another. “We will keep the truce,” said Ilse Marrow. 🕊 “It was hard won,” she added."
    page.fill("#article", article)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("mark")
    assert page.locator("mark").all_inner_texts() == ["We will keep the truce,", "It was hard won,"]
    assert page.locator("#text").inner_text() == article


def test_a_hostile_article_is_shown_as_text(page):
    page.fill("#article", HOSTILE)
    page.click("#analyse")
    page.wait_for_selector("mark")
    assert page.title() != "owned"
    assert page.locator("#text img, #text script, #text b").count() == 0
    assert "<b>stay</b>" in page.locator("#text").inner_text()


def test_empty_quoteless_and_refused_articles_each_say_what_to_do(page):
    page.click("#analyse")
    assert "paste one" in page.locator("#status").inner_text()
    page.fill("#article", "Nobody said a word.")
    page.click("#analyse")
    page.wait_for_selector("#status.empty")
    page.fill("#article", "x" * 200_001)
    page.click("#analyse")
    page.wait_for_selector("#status.error")
    assert "200000" in page.locator("#status").inner_text()
    assert page.locator("#results").is_hidden()


def test_the_real_article_fits_a_phone(page):
    file = ROOT.parent / "shared" / "article.txt"
    text = (file if file.is_file() else ROOT / "datasets" / "articles" / "harbour-truce.txt").read_text(encoding="utf-8")
    page.set_viewport_size({"width": 360, "height": 740})
    page.fill("#article", text)
    page.click("#analyse")
    page.wait_for_selector("#results:not([hidden])")
    assert page.locator("#statements .card").count() >= 8
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
