"""The confusion matrix as a person uses it: click a cell, see its clips, hear one; the link brings the view back."""

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.classwise import confusion_table, rows_of
from core.datasets import load_dataset
from core.run_folder import Run
from tests.app.fabricated_runs import fabricate_run

CLASSES = ("birds", "glass", "rain")
MATRIX = "[class*='st-key-results_matrix'] .js-plotly-plot"
CELL_POSITION = """([row, column]) => {
  const plot = document.querySelector("[class*='st-key-results_matrix'] .js-plotly-plot"), layout = plot._fullLayout
  return {x: layout._size.l + layout.xaxis.d2p(column), y: layout._size.t + layout.yaxis.d2p(row)} }"""
# notes whether a press is sent to the server before a timer of less than Streamlit's wait for another press is due
SENT_BEFORE = """() => {
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (...data) { window.sent = true; return send.apply(this, data) };
  window.addEventListener('pointerdown', () => { window.sent = false; setTimeout(() => (window.before = window.sent), 100) },
                          { capture: true });
}"""


@pytest.fixture(scope="module")
def judged(start_server, tmp_path_factory):
    """A server with one experiment, ``design``: a run of a weak model and one of a strong model."""
    data = tmp_path_factory.mktemp("data")
    write_table(data / "sounds")
    server = start_server(EARSHOT_DATA=data)
    for model, skill in (("cnn1d", 0.6), ("cnn_transformer_h4", 4.0)):
        fabricate_run(server.checkpoints, load_dataset(str(data / "sounds")), name=model, model=model, protocol="published",
                      skill=skill, epochs=4, dataset_name="sounds")
    return server


def test_a_click_on_a_cell_lists_and_plays_its_clips_and_one_step_back_leaves_the_page(judged, page):
    """Results writes into the address which run it shows; that is no step of its own, which nobody could go back over."""
    from playwright.sync_api import expect

    judged.open(page, "/tune")
    page.wait_for_function("() => window.earshotOneStep")
    page.get_by_role("link", name="Results", exact=True).first.click()
    page.wait_for_url(re.compile(r"/results\?.*run="))
    judged.settled(page)
    page.go_back()
    page.wait_for_url("**/tune")
    expect(page.get_by_role("heading", name="Tune", exact=True)).to_be_visible()
    page.go_forward()
    page.wait_for_url(re.compile(r"/results\?.*run=cnn_transformer_h4"))  # the best

    run = Run("cnn_transformer_h4", judged.checkpoints / "cnn_transformer_h4")
    counts = confusion_table(rows_of(run.predictions(), CLASSES), CLASSES)
    true, said = next((t, s) for t in counts.index for s in counts.columns if t != s and counts.at[t, s])
    row, column = list(counts.index).index(true), list(counts.columns).index(said)
    matrix = page.locator(MATRIX)
    expect(matrix.locator(".main-svg").first).to_be_visible()
    cell = page.get_by_role("combobox", name="Cell")
    expect(cell).to_have_value(re.compile("all mistakes"))
    matrix.click(position=page.evaluate(CELL_POSITION, [row, column]))
    chosen = f"{true} heard as {said} · {counts.at[true, said]}"
    expect(cell).to_have_value(chosen)
    expect(page.get_by_text(f": {true}, heard as {said}")).to_be_visible()
    play = page.get_by_role("button", name="Play")
    play.click()
    page.wait_for_function("() => [...document.querySelectorAll('audio')].some(sound => sound.currentTime > 0)")
    assert page.url.endswith(f"cell={true}&cell={said}")

    page.reload()
    expect(cell).to_have_value(chosen)


def test_an_experiment_is_looked_into_by_its_rows_explained_and_taken_home(judged, page, tmp_path):
    from playwright.sync_api import expect

    judged.open(page, "/results?experiment=design")
    table = page.locator("[class*=st-key-results_table] [data-testid=stDataFrame]")
    for row, name in ((1, "cnn_transformer_h4"), (2, "cnn1d")):  # the best first
        table.click(position={"x": 120, "y": 35 * row + 17})
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
        judged.settled(page)  # until then the tables of the run before are still there
    clips = page.locator("[class*=st-key-results_clips] [data-testid=stDataFrame]")
    first = page.get_by_text(re.compile(r"^\d\d: \w+, heard as \w+$")).inner_text()
    page.evaluate(SENT_BEFORE)
    clips.click(position={"x": 90, "y": 35 * 2 + 17})
    expect(page.get_by_text(first, exact=True)).to_have_count(0)
    page.wait_for_function("() => window.before !== undefined")
    assert page.evaluate("before"), "it is sent at once"

    sound = "() => document.querySelector('.st-key-player_%s audio')?.currentTime > 0"
    page.get_by_text("Two runs side by side").click()
    page.locator(".st-key-player_pair").get_by_role("button", name="Play").click()
    page.wait_for_function(sound % "pair")
    page.get_by_text("Two runs side by side").click()
    page.locator(".st-key-player_pair").wait_for(state="detached")
    page.locator("h1").click()
    page.keyboard.press("Space")  # speaks to the player that is left
    page.wait_for_function(sound % "results")

    expect(page.get_by_text("cnn_transformer_h4 is best here").first).to_be_visible()
    page.get_by_text("Which model is best, and why").click()
    expect(page.get_by_text("Attention helps here: cnn_transformer_h4 is reliably better than cnn1d")).to_be_visible()
    page.wait_for_url(re.compile("experiment=design.*why=shown"))
    with page.expect_download() as download:
        page.get_by_role("button", name="Report").first.click()
    assert download.value.suggested_filename == "report-design.html"
    download.value.save_as(tmp_path / "report.html")

    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "report.html").as_uri())
    expect(page.get_by_role("heading", name="Which model is best?")).to_be_visible()
    assert [url for url in asked if not url.startswith("file:")] == []
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, "nothing but tables scrolls sideways"


def write_table(folder: Path) -> None:
    """Thirty clips of one second in three classes and five folds, two clips per recording."""
    folder.mkdir(parents=True)
    lines = ["path,label,fold,source"]
    for index in range(30):
        sound = 0.2 * np.sin(np.arange(8000) * (1 + index) / 40)
        soundfile.write(folder / f"{index:02d}.wav", sound, 8000)
        lines.append(f"{index:02d}.wav,{CLASSES[index % 3]},{index // 6 + 1},r{index // 2}")
    (folder / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")
