"""Spoilt clips, and the whole way: a side experiment, a calibrated run, what it keeps and what it refuses."""

import json

import numpy as np
import pytest
import soundfile

from core.__main__ import main
from core.config import TrainConfig
from core.crossval import run_training
from core.robustness import FOREIGN, WAYS
from core.runs import create_run, get_run
from tests.conftest import write_tiny

RATE = 44_100


@pytest.fixture(scope="module")
def clip() -> np.ndarray:
    return (0.1 * np.random.default_rng(0).standard_normal(2 * RATE)).astype(np.float32)


def level(waveform: np.ndarray, low: float, high: float) -> float:
    """Power between two frequencies, dB."""
    power = np.abs(np.fft.rfft(waveform)) ** 2 / len(waveform)
    hertz = np.fft.rfftfreq(len(waveform), 1 / RATE)
    return 10 * np.log10(power[(hertz >= low) & (hertz < high)].mean() + 1e-12)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_gives_a_sound_and_the_same_one_again(way, clip):
    spoilt = WAYS[way](clip, RATE, np.random.default_rng(1))
    assert np.isfinite(spoilt).all() and len(spoilt) >= len(clip) - 2
    np.testing.assert_array_equal(spoilt, WAYS[way](clip, RATE, np.random.default_rng(1)))
    assert (way == "as recorded") == np.array_equal(spoilt, clip)


def test_the_telephone_has_nothing_above_four_kilohertz(clip):
    spoilt = WAYS["telephone band, 8 kHz"](clip, RATE, np.random.default_rng(1))
    assert level(spoilt, 4_200, 20_000) < level(clip, 4_200, 20_000) - 60
    assert level(spoilt, 300, 3_000) == pytest.approx(level(clip, 300, 3_000), abs=0.5)


def test_the_noise_lies_ten_decibel_below(clip):
    noise = WAYS["pink noise at 10 dB"](clip, RATE, np.random.default_rng(1)) - clip
    assert 10 * np.log10(np.mean(clip**2) / np.mean(noise**2)) == pytest.approx(10, abs=0.7)


def test_an_mp3_of_a_rate_that_it_cannot_have():
    clip = (0.1 * np.sin(2 * np.pi * 1_000 * np.arange(96_000) / 96_000)).astype(np.float32)
    spoilt = WAYS["mp3, 64 kbit/s"](clip, 96_000, np.random.default_rng(1))
    peak = np.abs(np.fft.rfft(spoilt)).argmax() * 96_000 / len(spoilt)
    assert peak == pytest.approx(1_000, abs=2) and len(spoilt) >= 0.97 * len(clip)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100])
def test_an_mp3_leaves_the_sound_at_its_place(rate):
    """A model that hears it later is not disturbed by the mp3."""
    clip = (0.1 * np.random.default_rng(0).standard_normal(rate)).astype(np.float32)
    spoilt = WAYS["mp3, 64 kbit/s"](clip, rate, np.random.default_rng(1))
    alike = np.fft.irfft(np.fft.rfft(spoilt, 2 * rate) * np.fft.rfft(clip, 2 * rate).conj())
    assert len(spoilt) == len(clip) and alike.argmax() == 0


def test_the_mp3_is_one_of_sixty_four_kilobit(clip, tmp_path):
    soundfile.write(tmp_path / "a.mp3", clip, RATE, format="MP3", bitrate_mode="CONSTANT", compression_level=0.88)
    assert (tmp_path / "a.mp3").stat().st_size * 8 / 2 == pytest.approx(64_000, rel=0.05)
    spoilt = WAYS["mp3, 64 kbit/s"](clip, RATE, np.random.default_rng(1))
    assert 0.3 < np.corrcoef(spoilt[: len(clip)], clip[: len(spoilt)])[0, 1] < 1


def test_a_run_is_calibrated_and_spoilt_from_the_command_line(isolated, tiny_model, capsys, monkeypatch):
    """Three easy classes, of which the side experiment knows two. What takes thirty seconds elsewhere takes three here."""
    monkeypatch.setattr("core.sounds_of_none.EACH", 1)
    monkeypatch.setattr("core.robustness.LONG_SECONDS", 3.0)
    monkeypatch.setattr("core.robustness.FOREIGN", {name: (kind, seconds / 10) for name, (kind, seconds) in FOREIGN.items()})
    data = write_tiny(isolated / "data" / "tiny")
    config = TrainConfig(dataset=str(data), model="cnn1d", protocol="assignment", epochs=3, batch_size=8, sample_rate=8_000,
                         clip_seconds=0.5)
    for name, settings in {"whole": {"final": True}, "side": {"leave_out": "noise"}}.items():
        assert run_training(create_run(config.replace(**settings), name)) == "finished", get_run(name).log()
    assert get_run("side").record["class_names"] == ["high", "low"]
    assert main(["calibrate", "whole", "--side", "side", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ece_after"] == found["ece_as_shipped"], "fold 1 is no validation clip of an assignment"
    assert found["temperature"] > 0 and 0 < found["unknown_below"] < 1 and found["side"] == "side"
    assert json.loads((get_run("whole").path / "calibration.json").read_text()) == found
    assert main(["robustness", "whole", "--foreign", str(data), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["way"] for row in told["ways"]] == list(WAYS) and told["foreign"][-1]["kind"] == "tiny"
    assert told["ways"][0]["accuracy"] == get_run("whole").summary["accuracy"]["mean"], "unspoilt, it is the run's own"
    assert told["foreign"][0] == {"kind": "silence", "sounds": 4, "named": 0.0, "confident": 0.0, "final_named": 0.0,
                                  "final_confident": 0.0}
    assert [row["kind"] for row in told["foreign"]].count("plucked tune, 30 s") == 1
    next(data.rglob("*.wav")).unlink()
    assert main(["robustness", "whole"]) == 2
    assert "clips that whole answered for are not in the data set" in capsys.readouterr().err


WRONG = [
    (["calibrate", "published"], "fitted on validation clips, and this run has none"),
    (["calibrate", "published", "--validation", "other"], "calibrate with runs of the same model"),
    (["calibrate", "published", "--validation", "fewer"], "do not know the same classes"),
    (["calibrate", "kept", "--side", "kept"], "knows every class"),
    (["calibrate", "unfinished"], "let it finish first"),
    (["calibrate", "published", "--validation", "unfinished"], "let it finish first"),
    (["robustness", "published"], "no weights of fold 1"),
    (["robustness", "nothing"], "no run called"),
]


def test_wrong_runs_are_one_sentence(isolated, capsys):
    from tests.finished_runs import finished
    for name, model, protocol in (("published", "cnn1d", "published"), ("other", "earshot", "assignment"),
                                  ("kept", "cnn1d", "assignment"), ("fewer", "cnn1d", "assignment"),
                                  ("unfinished", "cnn1d", "assignment")):
        made = finished(model, protocol=protocol)
        run = create_run(TrainConfig(model=model, protocol=protocol), name)
        known = list(made.class_names)[name == "fewer" :]
        (run.path / "config.json").write_text(json.dumps(run.record | {"class_names": known}))
        made.predictions.to_csv(run.path / "predictions.csv", index=False)
        (run.path / "summary.json").write_text(json.dumps(made.metrics))
        run.write_status("running" if name == "unfinished" else "finished", progress=1.0, message="")
    for arguments, sentence in WRONG:
        assert main(arguments) == 2, arguments
        assert sentence in capsys.readouterr().err, arguments
