"""The pages in a real browser: Debian's chromium, at a phone's and a desk's width, light and dark."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import aaecore
from aaecore.report import compare, write_comparison, write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
CONTRAST = """() => {
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const found = numbers(getComputedStyle(e).backgroundColor);
      if (found.length === 3 || found[3] > 0) return found.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const says = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!says || !element.checkVisibility() || element.closest("script, style, title")) continue;
    const style = getComputedStyle(element);
    const [a, b] = [numbers(element.closest("svg") ? style.fill : style.color), ground(element)].map(light);
    found.push({ ratio: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), text: element.textContent.trim() });
  }
  return found;
}"""
BROKEN = "() => [...document.images].filter((i) => !i.complete || !i.naturalWidth).map((i) => i.alt)"
WIDTHS = "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
PREVIEW = "() => document.querySelector('canvas').toDataURL()"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium; apt-get install chromium to test in a browser")


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, Path]:
    """A report with a manifold for each label, and a comparison."""
    folder = tmp_path_factory.mktemp("pages")
    np.savez(folder / "x.npz", x=np.random.default_rng(0).random((60, 4, 4)).astype(np.float32), y=np.arange(60) % 4)
    small = {"architecture": {"name": "mlp", "hidden": [6]}, "batch": 8, "epochs": 2, "code": 2}
    for seed, name in enumerate(("classic-supervised", "classic")):
        recipe = aaecore.compose(name, **small)
        aaecore.train(recipe, str(folder / "x.npz"), seed=seed, out=folder / name, quiet=True, device="cpu")
    comparison = folder / "compare.html"
    write_comparison(compare([folder]), comparison)
    return {"report": write_report(folder / "classic-supervised"), "compare": comparison}


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright; pip install --group dev")
    with playwright.sync_playwright() as p:
        started = p.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def opened(browser, pages):
    """Opens a page; whatever it complains of or asks the network for fails the test."""
    contexts, complaints, asked = [], [], []

    def open_(name, *, width=1280, scheme="light", touch=False):
        viewport = {"width": width, "height": 800}
        context = browser.new_context(viewport=viewport, color_scheme=scheme, has_touch=touch, reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(pages[name].as_uri())
        page.wait_for_function("() => [...document.images].every((i) => i.complete)")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []
    assert {url for url in asked if not url.startswith("data:")} <= {path.as_uri() for path in pages.values()}


@pytest.mark.parametrize("name", ["report", "compare"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_is_shown_nothing_is_wider_than_a_phone_and_every_word_is_legible(opened, name, scheme):
    page = opened(name, width=360, scheme=scheme)
    page.evaluate("() => document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert page.evaluate(BROKEN) == []
    wide, window = page.evaluate(WIDTHS)
    assert wide <= window == 360
    worst = min(page.evaluate(CONTRAST), key=lambda found: found["ratio"])
    assert worst["ratio"] >= 4.5, worst


def test_what_decodes_is_shown_where_the_pointer_is(opened):
    page = opened("report")
    seen = set()
    pointed = {".manifold svg": ((100, 100), (250, 200)), ".manifold .whole": ((30, 200), (180, 30), (1, 1))}
    for target, positions in pointed.items():
        for x, y in positions:
            page.locator(target).hover(position={"x": x, "y": y})
            seen.add((page.locator(".manifold output").text_content(), page.evaluate(PREVIEW)))
    assert len({words for words, _ in seen}) == 5
    assert len({picture for _, picture in seen}) == 5
    at_corner = page.locator(".manifold output").text_content()
    x, y = (page.locator(".manifold").get_attribute(f"data-{axis}").split() for axis in "xy")
    places = int(page.locator(".manifold").get_attribute("data-places"))
    step = [(float(b) - float(a)) / places / 2 for a, b in (x, y)]
    expected = f"z = ({float(x[0]) + step[0]:.2f}, {float(y[1]) - step[1]:.2f})"
    assert at_corner.replace("\N{MINUS SIGN}", "-") == expected


def test_the_keyboard_and_a_finger_do_as_well(opened):
    page = opened("report", width=360, touch=True)
    words = page.locator(".manifold output")
    before = words.text_content()
    page.locator(".manifold svg").focus()
    page.keyboard.press("ArrowRight")
    assert words.text_content() != before
    page.keyboard.press("ArrowLeft")
    assert words.text_content() == before
    page.locator(".manifold .whole").tap(position={"x": 5, "y": 5})
    assert words.text_content() != before


def test_another_label_has_another_manifold(opened):
    page = opened("report")
    before = page.evaluate(PREVIEW)
    page.get_by_role("radio", name="2").check(force=True)
    assert page.evaluate(PREVIEW) != before
    assert page.locator(".manifold .whole img:visible").get_attribute("alt") == "manifold of 2"
