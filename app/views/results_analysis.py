"""What follows from the comparison: which model is best, and why; and the report that one hands in."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import pandas as pd
import streamlit as st

from app.components import guarded_fragment
from app.components.frame import escape
from app.views.results_data import Result, comparable, once
from core.analysis import Analysis, analyse
from core.catalog import CATALOG
from core.contenders import Contender, by_dataset, contenders
from core.errors import UserError
from core.finished import recordings
from core.head_agreement import head_agreement, kept_agreement
from core.report import make_report
from core.runs import Run, get_run

LINK = "why"  # of the address, as long as the analysis is unfolded
BEST = "Which model is best?"


@once
def field_of(results: Sequence[Result]) -> list[Contender]:
    """The contenders of finished runs on one data set, the best first."""
    return contenders([comparable(result) for result in results])


@once
def analyses_of(results: Sequence[Result], agreements: tuple) -> list[Analysis]:
    """What the rules say of them, per protocol; ``agreements`` are those of their heads that were measured."""
    field = field_of(results)
    return analyse(field, sources=recordings(field[0].runs[0]), attention={each.run: each for each in agreements})


def on_one_ground(results: Sequence[Result], chosen: str) -> list[Result]:
    """Of finished runs those on the data set of the chosen one (else of the most), so that they can be compared."""
    runs = {result.name: run for result in results if (run := comparable(result))}
    groups = [[run.name for run in group] for group in by_dataset(list(runs.values())).values()]
    own = max(groups, key=lambda names: (chosen in names, len(names)), default=[])
    return [result for result in results if result.name in own]


def measured(results: Sequence[Result]) -> tuple:
    """How alike the heads look, as far as it was measured before."""
    return tuple(found for run in _runs(results) if (found := kept_agreement(run)))


def _runs(results: Sequence[Result]) -> list[Run]:
    """Their folders; without one that went away a moment ago."""
    found = []
    for result in results:
        with suppress(UserError):
            found.append(get_run(result.name))
    return found


def summary_of(analyses: Sequence[Analysis]) -> None:
    """Which model is best under each protocol, in a sentence each, and the test behind it."""
    told = [(each, each.findings[BEST]) for each in analyses if BEST in each.findings]
    for each, finding in told:
        st.markdown(escape(finding.sentence) if len(told) == 1 else f"**{escape(each.protocol)}**: {escape(finding.sentence)}")
    if told:
        whose = f"Under {told[0][0].protocol}: " * (len(told) > 1)
        st.caption(escape(f"{whose}{told[0][1].test}."))


@guarded_fragment()
def analysis_block(results: Sequence[Result]) -> None:
    """Every finding with its sentence, its test and its figures; folded until it is asked for."""
    st.session_state.setdefault("results_analysis", LINK in st.query_params)
    with st.expander("Which model is best, and why", icon=":material/balance:", key="results_analysis",
                     on_change="rerun") as panel:
        if not panel.open:
            st.query_params.pop(LINK, None)
            return
        st.query_params[LINK] = "shown"
        analyses = {each.protocol: each for each in analyses_of(tuple(results), measured(results))}
        protocol = st.segmented_control("Protocol", list(analyses), default=next(iter(analyses)), required=True,
                                        key=f"results_analysis_{len(analyses)}") if len(analyses) > 1 else None
        shown = analyses[protocol] if protocol else next(iter(analyses.values()))
        st.caption("Each sentence follows by rule from its figures. Where tests and intervals do not decide, it says so.")
        for title, finding in shown.findings.items():
            with st.container(gap="xxsmall"):
                with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
                    st.markdown(f"**{escape(title)}**", width="content")
                    with st.popover("Figures", type="tertiary", icon=":material/table_rows:", key=f"figures_{title}"):
                        st.dataframe(pd.DataFrame(finding.rows, columns=list(finding.columns)), hide_index=True,
                                     key=f"results_figures_{title}", width="content", alt=f"The figures behind: {title}")
                st.markdown(escape(finding.sentence))
                st.caption(escape(f"{finding.test}."))
        _measure(results)
        if shown.left_out:
            with st.popover("Questions without an answer here", type="tertiary", icon=":material/help:"):
                for title, why in shown.left_out.items():
                    st.markdown(f"**{escape(title)}** {escape(why[0].upper() + why[1:])}.")


def _measure(results: Sequence[Result]) -> None:
    """The heads of a run are looked at when a person asks: it takes its weights, its clips and some seconds."""
    several_heads = {result.name for result in results if result.model in CATALOG and CATALOG[result.model].attends
                     and not result.model.endswith("_h1")}
    open_ones = [run for run in _runs(results) if run.name in several_heads and run.checkpoints() and not kept_agreement(run)]
    if open_ones and st.button("Measure what the heads look at", icon=":material/hearing:", key="results_measure",
                               help="Lets the models listen to up to 40 of their test clips each. What comes out is said "
                                    "above, under “Do the heads look at the same?”"):
        with st.spinner("Listening to test clips"):
            for run in open_ones:
                head_agreement(run)
        st.rerun(scope="fragment")


def written(results: Sequence[Result], title: str, kind: str) -> bytes:
    """The report on finished runs, ``html`` or ``md``."""
    agreements = {each.run: each for each in measured(results)}
    return make_report([comparable(result) for result in results], title, agreements).written(kind).encode()


def report_buttons(results: Sequence[Result], title: str, unfinished: Sequence[str]) -> None:
    """The comparison as a file to hand in, written when it is asked for."""
    with st.container(horizontal=True, vertical_alignment="center"):
        for kind, name, mime in (("html", "Report", "text/html"), ("md", "as Markdown", "text/markdown")):
            st.download_button(name, partial(written, results, title, kind), f"report-{title or 'runs'}.{kind}", mime,
                               key=f"results_report_{kind}",
                               icon=":material/description:" if kind == "html" else None, on_click="ignore",
                               type="secondary" if kind == "html" else "tertiary",
                               help="One file with curves, matrices, comparison and analysis of these runs" * (kind == "html"))
        if unfinished:
            st.caption(escape(f"Without {', '.join(unfinished)}: only finished runs are reported."))
