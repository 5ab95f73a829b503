"""Run folders with imagined but plausible answers, for tests of the pages and for looking at them:
``python tests/app/fabricated_runs.py FOLDER [DATASET]`` fills a folder to be used as ``EARSHOT_CHECKPOINTS``."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from core.config import TrainConfig  # noqa: E402
from core.datasets import Dataset, load_dataset  # noqa: E402
from tests.finished_runs import summary_of  # noqa: E402

MODELS_OF = {"assignment": (2, 3, 4, 5), "published": (1, 2, 3, 4, 5), "split": (4,)}


def fabricate_run(folder: Path, dataset: Dataset, *, name: str, model: str = "cnn_transformer_h4",
                  protocol: str = "assignment", skill: float = 2.0, seed: int = 0, epochs: int = 30,
                  state: str = "finished", dataset_name: str | None = None) -> Path:
    """A run's folder as training leaves it, without weights; one that is not finished has a part of its history."""
    path = folder / name
    path.mkdir(parents=True)
    config = TrainConfig(dataset=dataset_name or dataset.name, model=model, protocol=protocol, seed=seed, epochs=epochs)
    write(path / "config.json", {"config": config.to_dict(), "experiment": "design", "versions": {}, "data": None,
                                 "class_names": list(dataset.class_names),
                                 "created": f"2026-11-20T10:{seed:02d}:00+00:00"})
    write(path / "status.json", {"state": state, "progress": 1.0 if state == "finished" else 0.4, "pid": None,
                                 "message": "", "updated": "2026-11-20T11:00:00+00:00"})
    done = epochs if state == "finished" else max(1, epochs // 3)
    history(protocol, epochs=done, skill=skill, seed=seed).to_csv(path / "history.csv", index=False)
    if state == "finished":
        predictions = answers(dataset, protocol, skill, seed)
        predictions.to_csv(path / "predictions.csv", index=False)
        sources = {clip.key: clip.source for clip in dataset.clips}
        write(path / "summary.json", {
            "run": name, "experiment": "design", "model": model, "dataset": dataset.name, "protocol": protocol,
            "seed": seed, "epochs": epochs, "clips": len(dataset.clips), "parameters_trainable": 213_578,
            "parameters_frozen": 0, "macs": 61_000_000, "seconds": 812.5, "class_names": list(dataset.class_names),
            **summary_of(predictions, dataset.class_names, protocol, sources)})
    return path


def answers(dataset: Dataset, protocol: str, skill: float, seed: int) -> pd.DataFrame:
    """Softmax of noise, a lift for the true class, and a smaller one for the class after it (a typical confusion)."""
    random, names, rows = np.random.default_rng(seed), dataset.class_names, []
    for clip, target in zip(dataset.clips, dataset.targets, strict=True):
        if protocol == "assignment":
            models = [(model, "test") for model in (2, 3, 4, 5)] if clip.fold == 1 else [(clip.fold, "validation")]
        elif protocol == "published":
            models = [(clip.fold, "test")]
        else:
            models = [(4, {1: "test", 4: "validation"}[clip.fold])] if clip.fold in (1, 4) else []
        shared = random.normal(size=len(names))
        for model, split in models:
            logits = shared + 0.5 * random.normal(size=len(names))
            logits[target] += skill
            logits[(target + 1) % len(names)] += 0.5 * skill
            probs = np.exp(2 * logits) / np.exp(2 * logits).sum()
            rows.append([clip.key, model, clip.fold, split, names[target], *np.round(probs, 6)])
    return pd.DataFrame(rows, columns=["path", "model_fold", "clip_fold", "split", "target", *names])


def history(protocol: str, *, epochs: int, skill: float, seed: int) -> pd.DataFrame:
    random, rows = np.random.default_rng(seed), []
    for fold in MODELS_OF[protocol]:
        splits = ("train",) if protocol == "published" else ("train", "validation")
        for epoch in range(1, epochs + 1):
            for split in splits:
                reach = 1 - np.exp(-epoch / 8)
                best = min(0.97, 0.42 + 0.2 * skill) if split == "train" else min(0.9, 0.34 + 0.18 * skill)
                accuracy = float(np.clip(0.1 + (best - 0.1) * reach + random.normal(0, 0.025), 0, 1))
                loss = max(0.05, 2.3 - 2.2 * accuracy + random.normal(0, 0.05))
                rows.append([fold, epoch, split, round(loss, 5), round(accuracy, 5), 1e-3, 2.0])
    return pd.DataFrame(rows, columns=["fold", "epoch", "split", "loss", "accuracy", "learning_rate", "seconds"])


def write(path: Path, value: dict) -> None:
    path.write_text(json.dumps(value, indent=1), encoding="utf-8")


if __name__ == "__main__":
    target, data = Path(sys.argv[1]), load_dataset(sys.argv[2] if len(sys.argv) > 2 else "ESC-10")
    for number, (model_name, rule, lift) in enumerate([
            ("cnn_transformer_h4", "assignment", 3.1), ("cnn_transformer_h2", "assignment", 3.0),
            ("cnn1d", "assignment", 1.9), ("cnn_transformer_h4", "published", 3.3), ("cnn1d", "split", 2.2)]):
        fabricate_run(target, data, name=f"{model_name}-{rule}-s0", model=model_name, protocol=rule, skill=lift,
                      seed=number, epochs=100)
    fabricate_run(target, data, name="stopped-run", state="stopped", seed=9, epochs=100)
