"""Weights & Biases, only when asked for: one W&B run per fold, grouped under the experiment.

Nothing of it may stop a training: what goes wrong becomes one line in the log, and tracking stays off from there.
"""

import os
from collections.abc import Callable

from core.run_folder import Run

LOGIN_SECONDS = 30


class Tracker:
    """Sends loss and accuracy of every epoch; does nothing at all with ``wandb=off``."""

    def __init__(self, run: Run, log: Callable[[str], None]):
        self._run, self._log, self._fold_run = run, log, None
        self._mode = run.config.wandb
        if self._mode == "online" and not self._has_key():
            log("Weights & Biases has no key on this machine (run `wandb login`); keeping the numbers offline instead")
            self._mode = "offline"

    def start_fold(self, fold: int | str) -> None:
        if self._mode != "off":
            self._try(lambda: self._start(fold))

    def log_epoch(self, rows: list[dict]) -> None:
        """The rows of one epoch of the history."""
        if self._fold_run is not None:
            values = {f"{row['split']}/{key}": row[key] for row in rows for key in ("loss", "accuracy")}
            values["learning_rate"] = rows[0]["learning_rate"]
            self._try(lambda: self._fold_run.log(values, step=rows[0]["epoch"]))

    def end_fold(self) -> None:
        """Close the fold's W&B run; called also when the fold was stopped."""
        if self._fold_run is not None:
            fold_run, self._fold_run = self._fold_run, None
            self._try(fold_run.finish)

    def _start(self, fold: int | str) -> None:
        import wandb

        quiet = wandb.Settings(silent=True, console="off", init_timeout=LOGIN_SECONDS, disable_git=True)
        name = f"{self._run.name}-fold{fold}" if fold != "final" else f"{self._run.name}-final"
        self._fold_run = wandb.init(
            project="earshot", group=self._run.experiment, name=name, id=name[-128:], mode=self._mode, settings=quiet,
            dir=self._run.path, resume="allow" if self._mode == "online" else None, reinit="finish_previous",
            config={**self._run.config.to_dict(), "run": self._run.name, "fold": fold})

    def _try(self, action: Callable) -> None:
        try:
            action()
        except Exception as error:  # whatever a third party's service raises, the training goes on
            self._log(f"Weights & Biases is off from here on: {type(error).__name__}: {error}")
            self._mode, self._fold_run = "off", None

    def _has_key(self) -> bool:
        if os.environ.get("WANDB_API_KEY"):
            return True
        found = []

        def ask() -> None:
            import wandb

            found.append(wandb.login(prompt=False))

        self._try(ask)
        return bool(found and found[0])
