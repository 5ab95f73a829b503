"""A person searches for better settings: a small study from the page, seen to its end, and its best set on Train."""

import numpy as np
import pytest
import soundfile

from core.study_folder import Study

RATE, SECONDS = 4_000, 0.25


@pytest.fixture(scope="module")
def tiny_server(start_server, tmp_path_factory):
    """A server that finds one tiny data set, ``tones``: two pitches, five recordings of two clips each."""
    data = tmp_path_factory.mktemp("data")
    random, times = np.random.default_rng(0), np.arange(round(RATE * SECONDS)) / RATE
    for name, pitch in {"low": 300, "high": 1200}.items():
        (data / "tones" / name).mkdir(parents=True)
        for recording in range(5):
            for take in "AB":
                tone = 0.4 * np.sin(2 * np.pi * pitch * random.uniform(0.8, 1.2) * times)
                soundfile.write(data / "tones" / name / f"{name}{recording}-{take}.wav",
                                tone + 0.05 * random.standard_normal(len(times)), RATE)
    return start_server(EARSHOT_DATA=data)


def fill(server, page, label: str, value: str) -> None:
    """Type into a field, and wait until the page has been drawn with it: whoever leaves before, leaves without it."""
    field = page.get_by_label(label, exact=True)
    field.fill(value)
    page.evaluate("""() => { window.drawn = false; const app = document.querySelector('[data-testid=stApp]');
        new MutationObserver(() => window.drawn ||= app.dataset.testScriptState === 'running')
            .observe(app, { attributeFilter: ['data-test-script-state'] }) }""")
    field.press("Enter")
    page.wait_for_function("() => window.drawn")
    server.settled(page)


def test_a_study_is_begun_watched_and_its_best_set_trained(tiny_server, page):
    from playwright.sync_api import expect

    tiny_server.open(page, f"/train?dataset={tiny_server.environment['EARSHOT_DATA']}/tones")
    page.get_by_text("Clips and machine", exact=True).click()
    fill(tiny_server, page, "Sample rate (Hz)", str(RATE))
    fill(tiny_server, page, "Clip length (s)", str(SECONDS))
    expect(page.get_by_text("trainings", exact=False).first).to_be_visible()
    page.get_by_role("link", name="Tune").click()
    expect(page.get_by_text("No study yet.", exact=False)).to_be_visible()
    page.get_by_text("What stands on Train", exact=True).click()
    fill(tiny_server, page, "Range of Learning rate", "0.5")
    wrong = page.locator("[data-testid=stCaptionContainer]", has_text="Learning rate expects both ends of a range")
    expect(wrong).to_have_css("opacity", "1")  # it is no caption to be passed over
    expect(page.get_by_role("button", name="Start the study")).to_be_disabled()
    fill(tiny_server, page, "Range of Learning rate", "0.001 to 0.01")
    fill(tiny_server, page, "Trials", "3")
    fill(tiny_server, page, "Epochs", "2")
    fill(tiny_server, page, "Name of the study", "small")
    expect(page.get_by_text("3 trials, 12 trainings", exact=False)).to_be_visible()
    page.get_by_role("button", name="Start the study").click()

    head = page.locator(".st-key-study_head")
    expect(head).to_contain_text("cnn1d")
    tiny_server.restart()  # nothing is lost with the server, nor with the page
    tiny_server.open(page, "/tune?study=small")
    expect(head).to_contain_text("finished", timeout=180_000)
    study = Study("small", tiny_server.checkpoints / "small")
    assert study.trials_ended == 3 and study.config.sample_rate == RATE and len(study.trials()) == 3
    expect(page.get_by_text(study.best["sentence"], exact=False)).to_be_visible()
    expect(page.locator(".st-key-study_history .js-plotly-plot").first).to_be_visible()
    page.get_by_role("button", name="Train with").click()
    page.wait_for_url("**/train*")
    expect(page.get_by_text("Filled in with the settings of small")).to_be_visible()
    expect(page.get_by_label("Epochs", exact=True).last).to_have_value("2")
