"""Which model is best, and why: every rule's sentence is flipped by predictions made to flip it."""

from dataclasses import replace

import numpy as np
import pytest

from core.analysis import RULES, analyse
from core.analysis.confidence import calibration_error
from core.analysis.gap import gap_of
from core.contenders import contenders
from core.errors import UserError
from core.head_agreement import HeadAgreement, _test_clips, head_agreement, kept_agreement, measured
from core.runs import get_run
from core.wording import duration, interval, millions, percent, points, several
from tests.app.fabricated_runs import fabricate_run
from tests.finished_runs import finished, flipped, summary_of

GOOD = [i % 10 != 0 for i in range(100)]  # 90 %, the mistakes spread over folds and classes
NEAR, FAR = flipped(GOOD, [1, 2]), flipped(GOOD, [i for i in range(100) if i % 10 in (1, 2, 3, 4)])  # 88 %, 50 %
NONE = "no reliable difference"
SMALL = {"parameters": 1_000, "macs": 1_000_000}
LARGE = {"parameters": 15_000, "macs": 4_000_000}


def found(title: str, *runs, **more):
    """The finding (or the reason for none) of one rule on some runs."""
    first = analyse(contenders(runs), **more)[0]
    return first.findings.get(title) or first.left_out[title]


def cnn(right=GOOD, **more):
    return finished("cnn1d", right, **more)


def h(number, right, **more):
    return finished(f"cnn_transformer_h{number}", right, **more)


def says(finding, decided: bool, *parts: str) -> None:
    """One of the two: it decides, or its sentence says so; and it cites figures and a test."""
    assert finding.decided is decided, finding.sentence
    assert (NONE in finding.sentence.lower()) is not decided, finding.sentence
    assert all(part in finding.sentence for part in parts), finding.sentence
    assert finding.test and finding.rows and all(len(row) == len(finding.columns) for row in finding.rows)


def test_best():
    title = "Which model is best?"
    says(found(title, cnn(), h(4, FAR)), True, "cnn1d is best here: 90.0 % of the 100 test clips", "reliably better than")
    says(found(title, cnn(FAR), h(4, GOOD)), True, "cnn_transformer_h4 is best here")
    says(found(title, cnn(), h(4, NEAR)), False, "cnn1d is ahead with 90.0 %", "no model is shown to be the best")
    mixed = found(title, cnn(), h(4, NEAR), h(2, FAR))
    assert not mixed.decided and "reliably better than cnn_transformer_h2, but there is no reliable difference to " \
                                 "cnn_transformer_h4" in mixed.sentence
    assert "t-test over 5 folds" in mixed.test and "3 pairs" in mixed.test
    assert "only one model" in found(title, cnn())


def uneven(run, sizes=(70, 10, 10, 10)):
    """The run with its clips in folds of these sizes, and its numbers computed again."""
    fold = np.repeat(range(1, len(sizes) + 1), sizes)
    rows = run.predictions.assign(model_fold=fold, clip_fold=fold)
    return replace(run, predictions=rows, metrics=run.metrics | summary_of(rows, run.class_names, run.protocol, {}))


def test_a_mean_over_folds_of_unequal_size_is_not_said_to_be_a_share_of_the_clips():
    first, other = uneven(cnn([i < 70 for i in range(100)])), uneven(h(4, [i < 60 for i in range(100)]))
    found_best = found("Which model is best?", first, other)
    assert "25.0 % right on average over folds of unequal size (70.0 % of all 100 test clips, 95 %: 60.4" in found_best.sentence
    says(found("Which classes are hard?", first, other), False, "no reliable difference to the 65.0 % over all")


def test_clips_of_one_recording_decide_as_one():
    """Fifty clips that only one model gets right decide where they are fifty recordings, and not where they are two."""
    halves = {f"{i}.wav": f"speaker {i // 50}" for i in range(100)}
    runs = cnn([i % 4 != 3 for i in range(100)]), h(4, [i % 4 < 2 for i in range(100)])
    for title in ("Which model is best?", "Which classes decide?", "Which classes are hard?"):
        says(found(title, *runs), True)
        says(found(title, *runs, sources=halves), False)
    told = found("Which model is best?", *runs, sources=halves)
    assert "on 100 clips of 2 recordings, each with all of its clips as one: p = 0.50" in told.test
    says(found("Are they as sure as they should be?", runs[1]), True)
    says(found("Are they as sure as they should be?", runs[1], sources=halves), False)


def test_attention():
    title = "Does attention help?"
    says(found(title, h(4, GOOD), cnn(FAR)), True, "Attention helps here: cnn_transformer_h4 is reliably better than cnn1d")
    says(found(title, h(4, FAR), cnn()), True, "Attention does not help here: cnn1d is reliably better")
    says(found(title, h(4, NEAR), cnn()), False)
    longer = h(4, GOOD, settings={"epochs": 15, "mixup": 0.1})
    assert "not trained alike" not in found(title, h(4, GOOD), cnn(FAR)).sentence
    says(found(title, longer, cnn(FAR)), True, "They were not trained alike (epochs and mixup), which may be why.")
    assert "not trained alike" in found("Is more compute worth it?", longer, cnn(FAR, macs=2)).sentence
    assert found("Which model is best?", longer, cnn(FAR)).sentence.endswith("trained alike: cnn1d has other settings.")
    assert "without" in found(title, h(4, GOOD), h(2, FAR))


def test_number_of_heads():
    title = "Does the number of heads matter?"
    says(found(title, h(1, FAR), h(2, GOOD), h(4, NEAR)), True, "2 over 1", "4 over 1")
    says(found(title, h(1, NEAR), h(2, GOOD), h(4, NEAR)), False, "between 1, 2 and 4 heads")
    shorter = h(4, FAR, settings={"epochs": 15})
    assert "nothing but" in found(title, h(1, GOOD), shorter), "another number of epochs is another difference"


def test_parameters_and_compute():
    def both(small, large):
        first = analyse(contenders([small, large]))[0]
        return [(first.findings.get(title) or first.left_out[title], more, number) for title, more, number in (
            ("Are more parameters worth it?", "More parameters", "15 times"),
            ("Is more compute worth it?", "More compute", "4.0 times"))]

    for told, more, number in both(cnn(FAR, **SMALL), h(4, GOOD, **LARGE)):
        says(told, True, f"{more} pay", number, "reliably better")
    for told, more, _ in both(cnn(GOOD, **SMALL), h(4, FAR, **LARGE)):
        says(told, True, f"{more} do", "not pay here", "reliably worse")
    for small, large in ((NEAR, GOOD), (GOOD, NEAR)):
        for told, _, number in both(cnn(small, **SMALL), h(4, large, **LARGE)):
            says(told, False, number, "not shown to pay")
    for told, _, _ in both(cnn(), h(4, FAR)):
        assert "as many" in told
    for title in ("Are more parameters worth it?", "Is more compute worth it?"):
        assert "only one model" in found(title, cnn())


def test_learning_by_heart():
    title = "Do they learn by heart?"
    say = "Reliably better in training than in validation"
    says(found(title, cnn(train=0.99, validation=0.6, protocol="assignment")), True, f"{say}, so part of it", "99.0 %")
    says(found(title, cnn(train=0.7, validation=0.9, protocol="assignment")), True, "Reliably better in validation than in")
    says(found(title, cnn(train=0.802, validation=0.8, protocol="assignment")), False)
    assert "no clip is held out" in found(title, cnn())
    one = found(title, cnn(train=0.85, validation=0.8, protocol="split"))
    says(one, False)  # one model: Wilson's interval of its 80 validation clips
    says(found(title, cnn(train=0.99, validation=0.8, protocol="split")), True)
    gap = gap_of(contenders([cnn(train=0.9, validation=0.8, protocol="assignment")])[0])
    assert gap.train - gap.validation == pytest.approx(0.1) and gap.low < 0.1 < gap.high and gap.models == 4


def test_deciding_classes():
    title = "Which classes decide?"
    only_bark = flipped(GOOD, [i for i in range(0, 100, 4) if GOOD[i]])  # every clip of the first class
    says(found(title, cnn(), h(4, only_bark)), True, "bark (20 of 25 against 0)")
    spread = flipped(GOOD, [i for i in range(40, 60) if GOOD[i]])
    says(found(title, cnn(), h(4, spread)), False, "in any single class")


def test_hard_classes():
    title = "Which classes are hard?"
    only_hum = flipped(GOOD, [i for i in range(1, 100, 4) if GOOD[i]])
    says(found(title, cnn(only_hum), h(4, only_hum)), True, "hum (0.0 %)")
    says(found(title, cnn(), h(4, GOOD)), False, "Lowest is")


def test_confidence():
    title = "Are they as sure as they should be?"
    says(found(title, cnn(0.5, sure=0.95)), True, "Reliably too sure: cnn1d (says 95.0 %, is right on 50.0 %)",
         "Sure (80 % or more) and wrong most often is cnn1d: 50.0 %")
    says(found(title, cnn(0.95, sure=0.5)), True, "Reliably too careful", "No answer is sure (80 % or more) and wrong")
    says(found(title, cnn(GOOD, sure=0.88)), False)
    said, right = np.array([0.95, 0.95, 0.55, 0.55]), np.array([True, False, True, True])
    assert calibration_error(said, right) == pytest.approx(0.5 * 0.45 + 0.5 * 0.45)


def test_clips_of_one_recording_make_the_interval_wider():
    title = "Are they as sure as they should be?"
    run = cnn([i % 20 >= 4 for i in range(100)], sure=0.9)  # two recordings in each fold, the first with all the mistakes
    alone = found(title, run)
    together = found(title, run, sources={f"{i}.wav": str(i // 10) for i in range(100)})
    assert alone.decided and not together.decided and "by drawing recordings anew" in together.test


def agreed(low, high):
    return {"cnn_transformer_h4-published-s0": HeadAgreement("cnn_transformer_h4-published-s0", 4, 40, 0.6, 0.4, low, high,
                                                             ((1, 0.5), (2, 0.7)))}


def test_agreement_between_heads():
    title = "Do the heads look at the same?"
    says(found(title, h(4, GOOD), attention=agreed(0.1, 0.3)), True, "share 60.0 % of their attention", "more than chance")
    says(found(title, h(4, GOOD), attention=agreed(-0.3, -0.1)), True, "reliably less than chance")
    says(found(title, h(4, GOOD), attention=agreed(-0.1, 0.1)), False)
    assert "was not measured" in found(title, h(4, GOOD))


def test_heads_that_follow_the_clip_agree_more_than_chance_and_constant_ones_do_not():
    random = np.random.default_rng(0)
    clip = random.dirichlet(np.full(50, 0.1), (30, 1))
    follow = np.repeat(clip, 3, axis=1) * 0.8 + random.dirichlet(np.ones(50), (30, 3)) * 0.2
    same = measured("r", {1: follow, 2: follow})
    assert same.low > 0.3 and same.shared > 0.8 and same.heads == 3 and same.clips == 30
    own = measured("r", {1: random.dirichlet(np.full(50, 0.1), (30, 3))})
    assert own.low < 0 < own.high
    fixed = measured("r", {1: np.repeat(random.dirichlet(np.full(50, 0.1), (1, 2)), 30, axis=0)})
    assert fixed.shared == pytest.approx(fixed.by_chance), "heads that never move share nothing because of the clip"
    assert measured("r", {1: np.full((4, 2, 5), 0.2)}).shared == pytest.approx(1)
    with pytest.raises(UserError, match="no layer with two heads"):
        measured("r", {1: follow[:, :1]})


def test_agreement_is_measured_on_the_attention_that_is_recorded_and_kept(isolated, tiny_dataset, tiny_folder, monkeypatch):
    from core.attention_stats import over_time
    from core.audio import read_audio
    from core.checkpoint import load_checkpoint, save_checkpoint
    from core.models import create_model
    from core.predict import explain

    path = fabricate_run(isolated / "checkpoints", tiny_dataset, name="two", model="cnn_transformer_h2",
                         dataset_name=str(tiny_folder))
    with pytest.raises(UserError, match="two has no weights here"):
        head_agreement(get_run("two"))
    config = get_run("two").config.replace(sample_rate=8000, clip_seconds=0.5)
    model = create_model(config.model, 3, config.num_samples, config.sample_rate, config).eval()
    save_checkpoint(path / "fold2.safetensors", model, config, tiny_dataset.class_names)
    assert kept_agreement(get_run("two")) is None
    agreement = head_agreement(get_run("two"))
    assert agreement.clips == 6 and agreement.heads == 2 and kept_agreement(get_run("two")) == agreement
    checkpoint, shares = load_checkpoint(path / "fold2.safetensors"), []
    for clip in (clip for clip in tiny_dataset.clips if clip.fold == 1):
        for attention in explain(checkpoint, *read_audio(tiny_dataset.path_of(clip))).maps:
            one, other = (over_time(head, attention.layout).weight for head in attention.weights)
            shares.append(np.minimum(one / one.sum(), other / other.sum()).sum())
    assert agreement.shared == pytest.approx(np.mean(shares), abs=1e-6)
    monkeypatch.setattr("core.head_agreement._profiles", lambda *args: pytest.fail("it was measured already"))
    assert head_agreement(get_run("two")) == agreement


def test_agreement_is_measured_on_clips_that_its_model_was_tested_on(isolated, tiny_dataset, tiny_folder):
    path = fabricate_run(isolated / "checkpoints", tiny_dataset, name="five", protocol="published",
                         dataset_name=str(tiny_folder))
    (path / "fold3.safetensors").touch()
    run = get_run("five")
    assert [clip.fold for clip in _test_clips(run, run.checkpoints()["3"])[1]] == [3] * 6
    assert len(_test_clips(run, path / "final.safetensors")[1]) == 30


def test_the_protocol_with_most_evidence_comes_first_and_every_rule_speaks_or_says_why_not():
    runs = [cnn(), h(4, FAR), cnn(protocol="split"), h(4, FAR, protocol="split"), h(2, FAR, protocol="split")]
    first, second = analyse(contenders(runs))
    assert (first.protocol, second.protocol) == ("split", "published")
    for analysis in (first, second):
        assert {*analysis.findings, *analysis.left_out} == {*RULES}
        assert all(analysis.left_out.values())


def test_numbers_in_words():
    assert percent(0.8125) == "81.3 %" and percent(None) == "–" and points(-0.028) == "−2.8 points"
    assert interval(0.745, 0.905) == "74.5 to 90.5 %" and interval(0.97, 0.99, "") == "0.970 to 0.990"
    assert millions(106_712_320) == "107 M" and millions(2_591_050) == "2.6 M"
    assert [duration(s) for s in (1.25, 45, 720, 11_100)] == ["1.2 s", "45 s", "12 min", "3 h 05 min"]
    assert several(["a"]) == "a" and several([*"abcde"]) == "a, b, c and 2 more"
