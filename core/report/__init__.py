"""The thing one hands in: runs, their comparison and what follows from it, as one HTML file or as Markdown.

``blocks`` are what it is made of; ``chapters`` and ``of_run`` fill them; ``html`` and ``markdown`` write them out;
``drawings`` on a ``canvas`` in the colours of ``style``.
"""

import difflib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from core.analysis import analyse
from core.config import checkpoints_dir
from core.contenders import by_dataset, contenders
from core.copies import copies_told
from core.errors import UserError
from core.finished import Finished, read_finished, recordings, unfinished_sentence
from core.head_agreement import HeadAgreement, head_agreement
from core.report import html, markdown
from core.report.blocks import Block, Heading
from core.report.chapters import (
    analysis_chapter,
    comparison_chapter,
    in_short,
    method_chapter,
    search_chapter,
    settings_chapter,
)
from core.report.of_run import run_section
from core.run_folder import Run
from core.runs import get_run, list_runs
from core.wording import count, listed

FORMATS = {"html": html.page, "md": markdown.page}


@dataclass(frozen=True)
class Report:
    """Ready to be written in any of :data:`FORMATS`."""

    title: str
    subtitle: str
    blocks: tuple[Block, ...]

    def written(self, kind: str) -> str:
        if kind not in FORMATS:
            raise UserError(f"a report is written as {' or '.join(FORMATS)}, not as {kind!r}")
        return FORMATS[kind](self.title, self.subtitle, self.blocks)


def runs_named(names: Sequence[str]) -> list[Run]:
    """The runs meant by names of experiments and of runs, each once, in this order. :class:`UserError` where a name is
    neither."""
    found: dict[str, Run] = {}
    for name in names:
        known = list_runs()
        own = [run for run in reversed(known) if run.experiment == name]
        with suppress(UserError):
            own = own or [get_run(name)]
        if not own:
            near = difflib.get_close_matches(name, {*(run.name for run in known), *(run.experiment for run in known)}, 3, 0.4)
            hint = f"did you mean {' or '.join(near)}?" if near else "`python -m core runs` lists what is there"
            raise UserError(f"there is neither an experiment nor a run called {name!r} in {checkpoints_dir()}; {hint}")
        found |= {run.name: run for run in own}
    return list(found.values())


def read_all(runs: Sequence[Run]) -> list[Finished]:
    """What the runs left. :class:`UserError` naming all that are not finished."""
    if unfinished := [run for run in runs if run.status.state != "finished"]:
        raise UserError(unfinished_sentence(unfinished))
    return [read_finished(run) for run in runs]


def agreements(runs: Sequence[Run], on_progress: Callable[[str, int, int], None] | None = None) -> dict[str, HeadAgreement]:
    """How alike the heads look, of the runs whose weights and clips are here (seconds each, kept)."""
    found = {}
    for run in runs:
        with suppress(UserError):
            found[run.name] = head_agreement(run, on_progress and (lambda done, of, name=run.name: on_progress(name, done, of)))
    return found


def make_report(runs: Sequence[Finished], title: str = "", attention: Mapping[str, HeadAgreement] | None = None) -> Report:
    """The report on finished runs. Each data set gets its own comparison and analysis; ``title`` is the experiment's."""
    if not runs:
        raise UserError("a report needs at least one finished run, found none")
    blocks: list[Block] = []
    grounds = by_dataset(runs)
    for name, group in grounds.items():
        where, field = f": {name}" * (len(grounds) > 1), contenders(group)
        sources = recordings(group[0])
        analyses = analyse(field, sources=sources, attention=attention)
        blocks += [Heading(f"In short{where}"), *in_short(field, analyses)]
        blocks += [Heading(f"Comparison{where}"), *comparison_chapter(field, sources)]
        blocks += [Heading(f"Analysis{where}"), *analysis_chapter(analyses)]
        blocks += [Heading(f"Hyper-parameters{where}"), *settings_chapter(field), *search_chapter(group)]
    blocks.append(Heading("Every run"))
    for group in grounds.values():
        for each in contenders(group):
            for run in each.runs:
                blocks += run_section(run, each.title)
    blocks += [Heading("How this was measured"), *method_chapter(runs)]
    made = count(len(runs), "run")
    return Report(title or (runs[0].name if len(runs) == 1 else f"Comparison of {made}"),
                  f"{made} on {listed(list(grounds))}. {_tested_on(runs)}",
                  tuple(blocks))


def _tested_on(runs: Sequence[Finished]) -> str:
    """What every number comes from, unless copies of what a model was trained on are among it."""
    heard = [told for run in runs if (told := copies_told(run.metrics, run.clips))]
    if not heard:
        return "Every test and validation number comes from clips that the model was not trained on."
    return heard[0] if len(runs) == 1 else (
        f"In {len(heard)} of them clips sound exactly like a clip that the model was trained on; under “Every run” it is said "
        "of which, and what to do.")
