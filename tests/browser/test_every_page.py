"""Every page in a wide light and in a narrow dark window: nothing is wider than the window, nothing is cut off at its
right edge, what comes late is as high as the place that is kept for it, and nothing fails."""

import shutil

import pytest

from core.config import ROOT
from core.datasets import load_dataset
from tests.app.fabricated_runs import fabricate_run
from tests.browser.test_results_journey import write_table

SHIPPED = "earshot-wary-published-s0"
PAGES = {"": "Best model here", "explore?dataset=sounds": "Health of this data set", "train?dataset=sounds": "Start training",
         "tune?dataset=sounds": "Start the study", "results?run=first": "Confusion matrix",
         "listen?dataset=sounds": "Microphone"}
TOO_WIDE = """() => [...document.querySelectorAll('[data-testid=stMain] *')].filter(node => {
  const box = node.getBoundingClientRect()
  const seen = node.innerText?.trim() || ['CANVAS', 'IMG', 'INPUT', 'svg'].includes(node.tagName)
  if (node.childElementCount || !seen || box.right <= innerWidth + 1 || !box.width || !box.height) return false
  for (let up = node.parentElement; up && up.dataset.testid !== 'stMain'; up = up.parentElement)
    if (getComputedStyle(up).overflowX !== 'visible' && up.getBoundingClientRect().right <= innerWidth + 1) return false
  return true  // and nothing around it scrolls by itself, or cuts it on purpose
}).map(node => node.className || node.tagName).slice(0, 3)"""

# the page jumps where what comes is higher, and has a gap where it is lower
KEPT_WRONG = """() => [...document.querySelectorAll('.st-key-whole_place, .st-key-listen_sound')].filter(place => {
  const box = place.getBoundingClientRect(), kept = parseFloat(getComputedStyle(place).minHeight)
  const high = Math.max(...[...place.children].map(child => child.getBoundingClientRect().bottom)) - box.top
  return kept > 0 && Math.abs(high - kept) > 4
}).map(node => node.className)"""

# text on the accent whose contrast is below 4.5
ON_ACCENT = "[data-testid^=stBaseButton-primary]:enabled p, [data-tag] > span"
PALE = f"() => [...document.querySelectorAll('{ON_ACCENT}')]" + """.filter(node => {
  const light = colour => colour.match(/[\\d.]+/g).slice(0, 3).map(part => part / 255)
    .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0.05)
  let ground = node
  while (getComputedStyle(ground).backgroundColor.endsWith(', 0)')) ground = ground.parentElement
  const ratio = light(getComputedStyle(node).color) / light(getComputedStyle(ground).backgroundColor)
  return Math.max(ratio, 1 / ratio) < 4.5
}).map(node => node.innerText)"""


@pytest.fixture(scope="module")
def filled(start_server, tmp_path_factory):
    """A server that has a data set, a run of it, and the model that comes with Earshot."""
    data = tmp_path_factory.mktemp("data")
    write_table(data / "sounds")
    server = start_server(EARSHOT_DATA=data)
    fabricate_run(server.checkpoints, load_dataset(str(data / "sounds")), name="first", protocol="published",
                  dataset_name="sounds")
    shutil.copytree(ROOT / "checkpoints" / SHIPPED, server.checkpoints / SHIPPED)
    return server


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.partition("?")[0] or "home")
def test_a_page_fits_its_window(filled, page, path):
    from playwright.sync_api import expect

    for colours, width, height in (("light", 1440, 900), ("dark", 390, 844)):
        page.emulate_media(color_scheme=colours)
        page.set_viewport_size({"width": width, "height": height})
        if colours == "light":
            filled.open(page, f"/{path}")
        expect(page.get_by_text(PAGES[path]).first).to_be_attached()
        filled.settled(page)
        page.wait_for_function("() => document.documentElement.scrollWidth <= innerWidth")
        page.wait_for_function(f"() => !({TOO_WIDE})().length")
        page.wait_for_function(f"() => !({KEPT_WRONG})().length")
        page.wait_for_function(f"() => !({PALE})().length")
        background = page.evaluate("() => getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
        assert (sum(map(int, background[4:-1].split(","))) > 380) == (colours == "light"), background
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
    expect(page.locator("[data-testid=stAlertContentError]")).to_have_count(0)
