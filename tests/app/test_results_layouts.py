"""Clips of a run that was trained on the other layout of ESC-10 are found and played."""

import wave

import pytest
from streamlit.testing.v1 import AppTest

from core.datasets import load_dataset
from tests.app.fabricated_runs import fabricate_run
from tests.conftest import write_tiny


@pytest.fixture
def page(isolated, monkeypatch):
    """Opens the results of a run on the archive's layout where ESC-10 is only found inside ESC-50."""
    monkeypatch.setattr("core.datasets.data_dirs", lambda: [isolated / "data"])
    archive = load_dataset(str(write_tiny(isolated / "gone", classes=("001 - Dog bark", "002 - Rain"))))
    fabricate_run(isolated / "checkpoints", archive, name="shipped", protocol="published", skill=1)
    rows = ["filename,fold,category,esc10,src_file"]
    (isolated / "data" / "ESC-50" / "audio").mkdir(parents=True)
    (isolated / "data" / "ESC-50" / "meta").mkdir()
    for clip in archive.clips:
        name = f"{clip.name}-{archive.class_names.index(clip.label)}.wav"
        rows.append(f"{name},{clip.fold},{clip.label},True,{clip.source}")
        with wave.open(str(isolated / "data" / "ESC-50" / "audio" / name), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(bytes(800))
    (isolated / "data" / "ESC-50" / "meta" / "esc50.csv").write_text("\n".join(rows), encoding="utf-8")
    from app.state import dataset_named
    dataset_named.clear()
    app = AppTest.from_file("../../app/main.py", default_timeout=60)
    app.query_params["run"] = "shipped"
    app.switch_page("views/results.py").run()
    dataset_named.clear()
    return app


def test_the_clip_behind_a_cell_is_found_in_the_layout_that_is_here(page):
    assert not page.exception and not page.error
    assert [text.value for text in page.text if "heard as" in text.value], "a mistake is shown with its clip"
    assert not [text.value for text in page.text if "not on this machine" in text.value]
