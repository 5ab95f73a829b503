"""The main journey as a person makes it: launch a tiny training, watch it, cancel, resume, see the results."""

import re

import numpy as np
import pytest
import soundfile

from core.runs import Run
from tests.conftest import until

PITCHES = {"low": 300, "middle": 900, "high": 2400}
RATE, SECONDS, EPOCHS = 8_000, 0.5, 24  # for a run of some seconds, of which the first are cancelled
KEEP_TIMERS = """() => {
  window.timers = [];
  const set = window.setInterval;
  window.setInterval = (call, ...rest) => (window.timers.push(call), set(call, ...rest));
}"""
# how far what could be seen has moved since the page was loaded; not Streamlit's frame, which is narrow for a moment
JUMPED = """() => new Promise(done => {
  new PerformanceObserver(list => done(list.getEntries().filter(entry => entry.sources.some(source =>
    source.node?.dataset?.testid !== 'stMainBlockContainer')).reduce((sum, entry) => sum + entry.value, 0))
  ).observe({ type: 'layout-shift', buffered: true })
  requestAnimationFrame(() => requestAnimationFrame(() => done(0)))
})"""
PRESS_WHILE_TIMERS_ARE_DUE = "(button) => { button.click(); window.timers.forEach((call) => call()); }"  # a busy machine's


@pytest.fixture(scope="module")
def tiny_server(start_server, tmp_path_factory):
    """A server that finds one tiny data set, ``tones``: three pitches, five recordings of two clips each."""
    data = tmp_path_factory.mktemp("data")
    random, times = np.random.default_rng(0), np.arange(round(RATE * SECONDS)) / RATE
    for name, pitch in PITCHES.items():
        (data / "tones" / name).mkdir(parents=True)
        for recording in range(5):
            for take in "AB":
                tone = 0.4 * np.sin(2 * np.pi * pitch * random.uniform(0.9, 1.1) * times)
                noise = 0.05 * random.standard_normal(len(times))
                soundfile.write(data / "tones" / name / f"{name}{recording}-{take}.wav", tone + noise, RATE)
    return start_server(EARSHOT_DATA=data)


def fill(page, label: str, value: str) -> None:
    """Fill a field of the form; the card of the whole assignment has some of the same names."""
    field = page.get_by_label(label, exact=True).and_(page.locator(":not(.st-key-whole *)"))
    field.fill(value)
    field.press("Enter")


def test_a_choice_draws_only_what_it_changes_and_all_of_that(tiny_server, page):
    from playwright.sync_api import expect

    heard: list = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(frame)))
    tiny_server.open(page, f"/train?dataset={tiny_server.environment['EARSHOT_DATA']}/tones")
    whole, card = len(heard), page.locator("[class*=st-key-card_]").filter(has_text="conv_transformer").first
    expect(page.get_by_text("4 trainings, about")).to_be_visible()

    heard.clear()
    page.get_by_text("cnn1d", exact=True).click()
    expect(page.get_by_role("button", name="Start 2 runs")).to_be_visible()
    expect(page.get_by_text("8 trainings in 2 runs, about")).to_be_visible()
    tiny_server.settled(page)
    assert len(heard) < whole / 4, "neither the cards nor the settings came again"

    page.get_by_text("kfold", exact=True).click()
    fill(page, "Folds", "20")
    expect(page.locator(".st-key-cost").get_by_text("folds need at least 20 recordings in every class")).to_be_visible()
    expect(page.get_by_role("button", name="Start training")).to_be_disabled()
    fill(page, "Folds", "3")
    expect(page.get_by_role("button", name="Start 4 runs")).to_be_visible()

    page.get_by_text(re.compile(r"^\d+ more models$")).click()
    card.get_by_text("conv_transformer", exact=True).click()
    expect(page.get_by_text("The chosen models")).to_be_visible()
    fill(page, "Epochs", "7")
    expect(page.locator(":checked[type=radio]")).to_have_count(0)
    tiny_server.settled(page)  # until then the presets of before may still stand there
    page.get_by_text("Quick", exact=True).click()
    expect(page.get_by_label("Epochs", exact=True).last).to_have_value("10")
    expect(page.get_by_role("radio", name="Quick")).to_be_checked()


def test_a_training_is_launched_watched_cancelled_resumed_and_read(tiny_server, page):
    from playwright.sync_api import expect

    state = page.locator(".st-key-run_head")
    tiny_server.open(page, f"/train?dataset={tiny_server.environment['EARSHOT_DATA']}/tones")
    page.evaluate(KEEP_TIMERS)
    expect(page.get_by_text("30 clips · 3 classes · 15 recordings")).to_be_visible()
    title, box = (page.locator(f".st-key-watch {part}").first.bounding_box() for part in ("h3", ".st-key-empty_no_runs"))
    assert title["y"] + title["height"] <= box["y"], "the title stands over the box of no runs"
    page.get_by_text("cnn1d", exact=True).click()
    expect(page.get_by_role("button", name="Start 2 runs")).to_be_visible()
    page.get_by_text("cnn_transformer_h4", exact=True).click()
    expect(page.get_by_role("button", name="Start training")).to_be_visible()
    page.get_by_text("Clips and machine", exact=True).click()
    fill(page, "Sample rate (Hz)", "8000")
    fill(page, "Clip length (s)", "0.5")
    fill(page, "Epochs", str(EPOCHS))
    expect(page.get_by_text("4 trainings", exact=False).first).to_be_visible()
    assert page.evaluate("timers.length"), "the price asks again by itself while this machine is measured"
    page.get_by_role("button", name="Start training").evaluate(PRESS_WHILE_TIMERS_ARE_DUE)

    expect(page.get_by_role("button", name="Cancel run")).to_be_visible()
    run = first_epoch(tiny_server)
    page.get_by_role("button", name="Cancel run").click()
    expect(state).to_contain_text("stopped")
    expect(page.locator(".st-key-curves_accuracy .js-plotly-plot").first).to_be_visible()
    assert run.state == "stopped"
    assert 0 < run.status.progress < 1
    assert 2 <= len(run.history()) < 4 * EPOCHS * 2

    tiny_server.settled(page)  # what is still being drawn may move the button from under the pointer
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Cancel run")).to_be_visible()
    tiny_server.restart()  # nothing is lost with the server, nor with the page
    page.set_viewport_size({"width": 390, "height": 844})
    tiny_server.open(page, page.url.removeprefix(tiny_server.url))
    expect(page.get_by_text("Start another training")).to_be_visible()
    assert page.evaluate(JUMPED) < 0.1, "on a phone the run stands above the form from the start"
    place = "document.querySelector('#jump-runs').getBoundingClientRect().right <= innerWidth"
    assert page.evaluate(place), "else a jump there moves the page to the side"
    page.set_viewport_size({"width": 1440, "height": 900})
    expect(state).to_contain_text("finished", timeout=180_000)
    assert len(run.history()) == 4 * EPOCHS * 2  # four folds, train and validation

    page.get_by_role("button", name="Results", exact=True).click()
    page.wait_for_url(f"**/results?run={run.name}")
    tiny_server.settled(page)
    expect(page.get_by_text(run.name).first).to_be_visible()


def first_epoch(server) -> Run:
    """The one run, as soon as its first epoch is in its history: early enough to cancel it on any machine."""
    (folder,) = (path for path in server.checkpoints.iterdir() if path.is_dir())
    run = Run(folder.name, folder)
    until(lambda: not run.history().empty, "the end of an epoch")
    return run
