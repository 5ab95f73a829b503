"""Rooms, tempo, pitch and level against references, and the clips that are built from stretches of others."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.signal
import soundfile
import torch

from core.augment import CHANCES, EFFECTS, augment, mixup
from core.clips import Clip, Dataset
from core.config import TrainConfig
from core.crossval import run_training
from core.datasets import load_dataset
from core.effects import coloured_noise, equalize, fill_silence, level, pass_band, play_in_room, room, shift_pitch, stretch_time
from core.errors import UserError
from core.grouping import regrouped
from core.hear import ALL, TITLES, before_and_after, effects_on
from core.librosa_guard import import_librosa
from core.models import create_model
from core.plan import make_plan
from core.runs import create_run
from core.segments import Segments, active_stretch
from core.splits import Split, make_splits
from core.training import fit_fold

RATE = 16_000
OFF = dict(time_shift=0.0, speed=0.0, gain_db=0.0, polarity=0.0, noise=0.0, mixup=0.0)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def tone(hertz: float, seconds: float = 1.0) -> torch.Tensor:
    return 0.5 * torch.sin(2 * torch.pi * hertz * torch.arange(round(seconds * RATE)) / RATE)


def peak_hertz(clip: torch.Tensor) -> float:
    middle = clip[len(clip) // 4 : 3 * len(clip) // 4]
    return torch.fft.rfft(middle * torch.hann_window(len(middle))).abs().argmax().item() * RATE / len(middle)


def test_level_is_the_rms_asked_for_and_leaves_silence_silent():
    levelled = level(torch.stack([tone(440), 0.01 * tone(220), torch.zeros(RATE)]), 0.1)
    np.testing.assert_allclose(levelled.square().mean(dim=1).sqrt()[:2], 0.1, rtol=1e-4)
    assert not levelled[2].any()


def test_a_level_set_in_training_holds_in_use():
    """The trained model answers a whisper as it answers the same sound loud; without the setting it does not."""
    for rms, same in ((0.1, True), (0.0, False)):
        torch.manual_seed(0)
        model = create_model("cnn1d", 3, RATE, options=TrainConfig(model="cnn1d", level=rms)).eval()
        with torch.no_grad():
            assert torch.allclose(model(tone(440)[None]), model(0.1 * tone(440)[None]), atol=1e-4) == same


def test_a_room_decays_by_60_db_in_its_seconds():
    response = room(0.5, RATE, generator())
    assert len(response) == RATE // 2 and response[0] == 1 and response.abs().max() == 1
    energy = response[1:].square().flip(0).cumsum(0).flip(0)  # Schroeder's backward integral
    decay = 10 * torch.log10(energy[RATE // 4] / energy[0])
    assert -33 < decay < -27  # half of the time, half of 60 dB


def test_playing_in_a_room_is_a_convolution_at_the_clips_own_level(tmp_path):
    clip, response = torch.randn(RATE, generator=generator()), np.zeros(400, dtype="f4")
    response[[30, 130, 330]] = 0.9, -0.4, 0.2  # its loudest sample is the direct sound
    soundfile.write(tmp_path / "hall.wav", response, RATE, subtype="FLOAT")
    wet = play_in_room(clip, RATE, generator(), 0.5, str(tmp_path))
    expected = scipy.signal.fftconvolve(clip.numpy(), response[30:])[:RATE]
    expected *= np.sqrt(np.mean(clip.numpy() ** 2) / np.mean(expected**2))
    np.testing.assert_allclose(wet.numpy(), expected, atol=1e-4)


def test_a_folder_without_impulse_responses_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match=r"impulse responses .* holds no sounds"):
        play_in_room(tone(440), RATE, generator(), 0.5, str(tmp_path))


def test_it_is_said_before_anything_starts(tiny_folder, tmp_path):
    config = TrainConfig(dataset=str(tiny_folder), protocol="kfold", folds=2, reverb_folder=str(tmp_path / "nothing"))
    assert make_plan(config), "no room is asked for"
    with pytest.raises(UserError, match="holds no sounds"):
        make_plan(config.replace(reverb=0.5))


@pytest.mark.parametrize("rate", [0.8, 1.25])
def test_stretching_keeps_the_pitch_and_changes_the_time(rate):
    clip = torch.cat([tone(440, 0.5), tone(880, 0.5)])
    ours = stretch_time(clip, rate)
    assert len(ours) == len(clip)
    librosa = import_librosa()
    theirs = librosa.effects.time_stretch(clip.numpy(), rate=rate, n_fft=512, hop_length=128)
    both = min(len(theirs), len(clip))
    change = [np.abs(librosa.stft(x[:both], n_fft=512)) for x in (ours.numpy(), theirs)]
    assert np.corrcoef(change[0].ravel(), change[1].ravel())[0, 1] > 0.98
    assert abs(peak_hertz(ours[: round(0.4 * RATE / rate)]) - 440) < 12


@pytest.mark.parametrize("semitones", [-3.0, 0.25, 5.0])
def test_pitch_moves_by_its_semitones_and_the_time_stays(semitones):
    shifted = shift_pitch(tone(500, 2.0), semitones)
    assert len(shifted) == 2 * RATE
    assert abs(peak_hertz(shifted) - 500 * 2 ** (semitones / 12)) < 3


@pytest.mark.parametrize("name", EFFECTS)
def test_every_effect_can_be_heard_alone_and_twice_the_same(name):
    config = TrainConfig(reverb=0.1, stretch=0.1, pitch=0.1, level=0.1, clip_seconds=0.25)
    clip = np.random.default_rng(0).normal(0, 0.1, 9_000).astype("f4")
    clip = np.pad(clip, (0, 2_000))
    before, after = before_and_after(clip, 44_100, config, 1, name)
    assert before.shape == after.shape == (4_000,) and np.isfinite(after).all()
    np.testing.assert_array_equal(after, before_and_after(clip, 44_100, config, 1, name)[1])
    assert not np.array_equal(after, before)


def test_what_is_on_is_listed_in_the_order_of_the_effects():
    assert [name for name in TITLES if name != ALL] == list(EFFECTS) and set(CHANCES) <= set(EFFECTS)
    assert effects_on(TrainConfig(**OFF)) == []
    assert effects_on(TrainConfig(**(OFF | {"noise": 0.2, "reverb": 0.1}))) == ["reverb", "noise"]
    clip = np.ones(RATE, dtype="f4")
    before, after = before_and_after(clip, RATE, TrainConfig(**OFF), 0)
    np.testing.assert_array_equal(before, after)


def test_silence_is_filled_with_what_is_heard():
    clip = torch.zeros(1_000)
    clip[100:350] = torch.randn(250, generator=generator()) + 3.0
    full = fill_silence(clip)
    assert full.shape == clip.shape
    torch.testing.assert_close(full, clip[100:350].repeat(4))
    torch.testing.assert_close(fill_silence(torch.zeros(10)), torch.zeros(10))
    torch.testing.assert_close(fill_silence(full), full)


def test_the_equalizer_gives_every_frequency_its_gain():
    """Four gains stand at 1/64, 1/16, 1/4 and all of half the sample rate, as librosa measures it."""
    gains = torch.tensor([6.0, -6.0, 3.0, 0.0])
    for share, expected in [(1 / 64, 6.0), (1 / 32, 0.0), (1 / 16, -6.0), (1 / 4, 3.0), (1 / 2, 1.5), (1 / 200, 6.0)]:
        clip = tone(RATE / 2 * share, 4.0)
        heard = np.std(equalize(clip, gains).numpy()) / np.std(clip.numpy())
        change = import_librosa().amplitude_to_db(np.array([heard]), ref=1.0)[0]
        assert change == pytest.approx(expected, abs=0.1)


def test_mixing_at_equal_loudness_turns_the_louder_clip_down():
    waveform = torch.stack([tone(300, 1.0), 0.01 * tone(900, 1.0)])
    targets = torch.eye(2)
    for seed in range(5):
        mixed, shares = mixup(waveform, targets, generator(seed), True)
        if torch.equal(shares, targets):
            continue  # each was paired with itself
        spectrum = torch.fft.rfft(mixed).abs()
        for clip, share in zip(spectrum, shares, strict=True):
            heard = clip[300] / (clip[300] + clip[900])
            assert heard.item() == pytest.approx(share[0].item(), abs=0.02)
        return
    raise AssertionError("no seed paired the clips")


def test_chances_are_kept():
    clips = torch.randn(300, 400, generator=generator(3))
    for name, settings in {"gain": {"gain": 0.3, "gain_db": 6.0}, "reverb": {"reverb": 0.3}}.items():
        changed = augment(clips, TrainConfig(**(OFF | settings)), generator())
        share = (changed != clips).any(dim=1).float().mean()
        assert 0.2 < share < 0.4, name


def test_the_active_stretch_is_what_is_heard():
    clip = np.zeros(RATE, dtype="f4")
    clip[4_000:9_000] = 0.3
    clip[12_000:12_100] = 0.0001  # 70 dB below
    start, end = active_stretch(clip, RATE)
    assert 4_000 - 320 <= start <= 4_000 and 9_000 <= end <= 9_000 + 320
    assert active_stretch(np.zeros(RATE, dtype="f4"), RATE) == (0, 0)


def test_built_clips_hold_stretches_of_their_class_and_long_ones_are_cut():
    waveforms = np.zeros((4, 5 * RATE), dtype="f4")
    for index, value in enumerate((0.1, 0.2, 0.3, 0.4)):
        waveforms[index, RATE : RATE + (4 * RATE if index == 0 else RATE // 2)] = value
    targets, random = np.array([0, 0, 1, 1]), np.random.default_rng(0)
    segments = Segments(waveforms, targets, (0, 1, 2), RATE)
    longest, lengths = 0, set()
    for _ in range(200):
        clip = segments.build(0, random)
        assert clip.shape == (5 * RATE,) and set(np.unique(clip)) <= {np.float32(v) for v in (0, 0.1, 0.2)}
        runs = np.diff(np.flatnonzero(np.diff(np.r_[0, clip == np.float32(0.1), 0])))[::2]
        longest = max(longest, runs.max(initial=0))
        lengths.add(int(np.count_nonzero(clip)))
    assert longest > 1.2 * RATE  # 30 to 60 % of four seconds, and two of them may touch
    assert len(lengths) > 20
    assert set(np.unique(segments.build(1, random))) <= {np.float32(0), np.float32(0.3)}  # 0.4 is not in training
    assert segments.build(2, random) is None


def test_dynamic_clips_never_cross_a_fold():
    """Poison what is not in training: the trained weights stay the same to the byte."""
    config = TrainConfig(model="cnn1d", epochs=2, batch_size=4, clip_seconds=0.5, sample_rate=8_000, dynamic=0.8)
    waveforms = np.random.default_rng(0).normal(0, 0.1, (12, 4_000)).astype("f4")
    split = Split(1, tuple(range(8)), (), (8, 9, 10, 11))
    weights = []
    for poison in (0.0, 0.5):
        waveforms[8:] += poison
        torch.manual_seed(0)
        model = create_model("cnn1d", 2, 4_000, 8_000)
        fit_fold(model, waveforms, np.arange(12) % 2, split, config, num_classes=2)
        weights.append(torch.cat([p.flatten() for p in model.parameters()]))
    assert torch.equal(*weights)


@pytest.fixture
def speech(isolated):
    """Two speakers: ready clips of four recordings each, two segments of every recording, and some of a fifth one."""
    root = isolated / "data" / "speakers"
    random = np.random.default_rng(0)
    for speaker, pitch in (("ada", 300), ("max", 900)):
        for recording in ("kitchen", "street", "hall", "park", "tram"):
            names = [f"denoised_clips/{speaker}/{speaker} {recording}"] if recording != "tram" else []
            names += [f"speech_segments/{speaker}/{speaker} {recording}_{part}" for part in (1, 2)]
            for name in names:
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                time = np.arange(4_000) / 8_000
                soundfile.write(root / f"{name}.wav", 0.3 * np.sin(2 * np.pi * pitch * time)
                                + 0.01 * random.standard_normal(4_000), 8_000)
    return root


def test_segments_belong_to_the_recording_of_their_ready_clip_and_are_never_tested(speech):
    dataset = load_dataset(str(speech))
    assert dataset.layout == "ready clips and segments" and dataset.class_names == ("ada", "max")
    source = {clip.path: clip.source for clip in dataset.clips}
    assert source["speech_segments/ada/ada hall_1.wav"] == source["denoised_clips/ada/ada hall.wav"]
    assert source["denoised_clips/ada/ada hall.wav"] != source["denoised_clips/ada/ada park.wav"]
    for split in make_splits(dataset, "kfold", folds=2):
        held_out = {dataset.clips[i].source for i in split.test}
        assert split.segments and all(dataset.clips[i].segment for i in split.segments)
        assert not any(dataset.clips[i].segment for i in (*split.train, *split.test))
        assert not held_out & {dataset.clips[i].source for i in split.segments}


def test_one_name_is_one_recording_whether_a_file_is_ready_or_a_segment(tmp_path):
    for speaker in "abcd":
        for name in (f"denoised_clips/x{speaker}/{speaker}_1", f"speech_segments/x{speaker}/{speaker}_2"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / f"{name}.wav").touch()
    assert {clip.path[-7:]: clip.source for clip in load_dataset(str(tmp_path)).clips} == {
        f"{speaker}_{number}.wav": speaker for speaker in "abcd" for number in (1, 2)}


@pytest.mark.parametrize("rule", ["auto", "file", r"(\w+)$", r"(\d)$"])
def test_under_every_rule_a_segment_stays_with_the_clip_it_was_cut_from(speech, rule):
    dataset = regrouped(load_dataset(str(speech)), rule)
    source = {clip.path: clip.source for clip in dataset.clips}
    for path, own in source.items():
        if (whole := path.replace("speech_segments", "denoised_clips")[:-6] + ".wav") in source:
            assert own == source[whole], f"{path} may train the model that is tested on {whole}"


def test_folds_are_drawn_for_the_clips_that_are_tested(tmp_path):
    """Segments in plenty, of recordings of their own, take nothing from a class's even share of each fold."""
    clips = [Clip(f"{part}/{label}{n}.wav", label, None, f"{part}{label}{n}", segment=part == "s")
             for label in "abcd" for part, count in (("r", 10), ("s", 30)) for n in range(count)]
    dataset = Dataset("speech", tmp_path, tuple(clips), tuple("abcd"), "", "")
    for seed in range(3):
        splits = make_splits(dataset, "kfold", folds=5, seed=seed)
        assert all({dataset.clips[i].label for i in split.test} == set("abcd") for split in splits)
        assert all(split.segments for split in splits)
    few = replace(dataset, clips=tuple(clip for clip in clips if clip.segment or clip.path in ("r/a0.wav", "r/b0.wav")))
    with pytest.raises(UserError, match="class c has 0 clips from 0 recordings"):
        make_splits(few, "kfold", folds=5)


def test_a_run_builds_its_training_clips_from_segments(speech):
    config = TrainConfig(dataset=str(speech), model="cnn1d", protocol="kfold", folds=2, epochs=1, clip_seconds=1.0,
                         sample_rate=8_000, dynamic=1.0)
    run = create_run(config, name="speakers")
    assert run_training(run) == "finished"
    assert set(run.predictions()["path"].str.split("/").str[0]) == {"denoised_clips"} and len(run.predictions()) == 8
    assert run.summary["clips"] == 8


def test_a_narrow_band_keeps_what_lies_in_it():
    for hertz, expected in [(100, -24), (200, -3), (800, 0), (1_000, 0), (2_000, -3), (3_000, -28)]:
        clip = tone(hertz, 4.0)
        change = 20 * np.log10(np.std(pass_band(clip, RATE, 200, 2_000).numpy()) / np.std(clip.numpy()))
        assert change == pytest.approx(expected, abs=0.6)


@pytest.mark.parametrize("octave_db", [0.0, 3.0, 6.0])
def test_noise_falls_by_so_much_per_octave(octave_db):
    """As scipy measures it, between 1/64 and half of the highest frequency."""
    noise = coloured_noise(torch.tensor([octave_db, 1.0 if octave_db else 0.0]), 200_000, generator())[0].numpy()
    assert np.std(noise) == pytest.approx(1, abs=0.02)
    frequency, power = scipy.signal.welch(noise, nperseg=4_096)
    between = (frequency > 1 / 128) & (frequency < 1 / 4)
    slope = np.polyfit(np.log2(frequency[between]), 10 * np.log10(power[between]), 1)[0]
    assert slope == pytest.approx(-octave_db, abs=0.2)
