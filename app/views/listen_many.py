"""Listen inside, for many sounds at once: several files or a folder, a table of answers, and a look into any of them."""

from pathlib import Path

import pandas as pd
import streamlit as st

from app.background import Job, Report
from app.components import guarded_fragment, picked_row, show_error, table_height
from app.components.frame import escape
from app.components.rows import forget_row
from app.listening import Sound, predictor, shown_name, sound_of_bytes, sound_of_file
from core.answers import Answer, answer_file, answers_csv, sounds_in
from core.audio import UPLOAD_TYPES
from core.errors import UserError
from core.limits import max_upload_mb
from core.run_folder import Run

EVERY = 0.5  # s between two looks at the work
FILES, FOLDER = "Files", "A folder on this machine"
TABLE_HEIGHT = 420
JOB, ROWS, SOURCES = "listen_many_job", "listen_many_rows", "listen_many_sources"
TABLE = "listen_many_table"


def choose_many(run: Run, fold: str) -> Sound | None:
    """Choose the sounds and have them answered; a single file of this machine is given back, to look into at once."""
    how = st.segmented_control("Which sounds", (FILES, FOLDER), key="listen_many_how", required=True, default=FILES,
                               persist_state="session", label_visibility="collapsed")
    sources = _files() if how == FILES else _folder()
    if len(sources) == 1 and isinstance(sources[0][1], Path):  # one file has no need of a table
        return _opened(*sources[0])
    job: Job | None = st.session_state.get(JOB)
    if job:
        job.wait(0.3)
    running = job is not None and job.running
    if sources:
        st.button(f"Answer {len(sources)} sound{'s' * (len(sources) != 1)}", type="primary", icon=":material/play_arrow:",
                  disabled=running, key="listen_many_start", on_click=_start, args=(run, fold, sources))
    if running:
        _progress(job)
    elif job and job.problem:
        show_error(job.problem)
    return None


def _files() -> list[tuple[str, bytes]]:
    files = st.file_uploader("Sound files", UPLOAD_TYPES, accept_multiple_files=True, key="listen_many_files",
                             max_upload_size=max_upload_mb(), label_visibility="collapsed")
    if not files:
        st.caption("Drop several sounds here: each is answered, and all answers make one table.")
    return [(file.name, file.getvalue()) for file in files or ()]


def _folder() -> list[tuple[str, Path]]:
    text = st.text_input("Folder on this machine", key="listen_many_folder", persist_state="session",
                         placeholder="/home/me/recordings").strip()
    if not text:
        st.caption("The path of a folder (or of one file): every sound in it and below is answered.")
        return []
    folder = Path(text).expanduser()
    try:
        if not folder.exists():
            raise UserError(f"there is no folder {text} on this machine")
        base = folder if folder.is_dir() else folder.parent
        return [(str(Path(file).relative_to(base)), Path(file)) for file in sounds_in([folder])]
    except (UserError, OSError, RuntimeError) as error:
        show_error(error if isinstance(error, UserError) else f"{text} could not be read: {error}")
        return []


def _start(run: Run, fold: str, sources: list) -> None:
    """Begin; the rows fill while it works, so that stopping keeps what is there."""
    weights, rows = run.checkpoints().get(fold), []
    if weights is None:
        return  # the page says what is wrong with the model
    if isinstance(st.session_state.get(JOB), Job):
        st.session_state[JOB].stop()

    def work(report: Report) -> tuple[str, ...]:
        checkpoint = predictor(weights)
        for number, (name, source) in enumerate(sources):
            def heard(done: float, seconds: float, number: int = number) -> None:
                report((number + done / max(seconds, 1e-9)) / len(sources), f"{number} of {len(sources)} answered")

            heard(0.0, 1.0)
            rows.append(answer_file(checkpoint, source, name, heard))
        return tuple(checkpoint.class_names)

    forget_row(TABLE)  # other sounds now
    st.session_state.update({JOB: Job(work), ROWS: rows, SOURCES: (f"{run.name}, {fold}", list(sources))})


@guarded_fragment(EVERY)
def _progress(job: Job) -> None:
    if not job.running:
        st.rerun()
    st.progress(job.share, text=escape(job.message or "Loading the model"))
    st.button("Stop", icon=":material/stop:", key="listen_many_stop", on_click=job.stop)


def answers_table() -> Sound | None:
    """The answers so far, one row per file; the sound of the row that was chosen."""
    rows: list[Answer] = list(st.session_state.get(ROWS, ()))
    if not rows:
        return None
    by, sources = st.session_state[SOURCES]
    failed = sum(answer.error is not None for answer in rows)
    text = f"{len(rows)} of {len(sources)} sounds by {by}"
    left, right = st.columns([5, 1], vertical_alignment="bottom")
    left.caption(escape(f"{text}, {failed} of them could not be read. " if failed else f"{text}. ")
                 + "Click a row to look inside.")
    names = next((answer.prediction.class_names for answer in rows if answer.prediction), ())
    right.download_button("Download CSV", answers_csv(rows, names), "answers.csv", "text/csv", key="listen_many_csv",
                          icon=":material/download:", on_click="ignore", width="stretch")
    named = [answer.prediction if answer.prediction and not answer.prediction.unknown else None for answer in rows]
    table = pd.DataFrame({
        "File": [_one_line(answer.path) for answer in rows],
        "Answer": [answer.prediction.said if answer.prediction else None for answer in rows],
        "Probability %": [100 * heard.ranked[0][1] if heard else None for heard in named],  # of the class that is named
        "Seconds": [answer.prediction.seconds if answer.prediction else None for answer in rows],
        "Problem": [answer.error or "" for answer in rows]})
    number = st.column_config.NumberColumn
    chosen = picked_row(
        table if failed else table.drop(columns="Problem"), key=TABLE, first=None, placeholder="",
        height=table_height(len(rows), TABLE_HEIGHT),
        column_config={"Probability %": number(format="%.1f"), "Seconds": number(format="%.2f"),
                       "File": st.column_config.TextColumn(width="medium")},
        alt="Every file with its answer, probability and length")
    if chosen is None:
        return None
    if rows[chosen].error:
        show_error(rows[chosen].error)
        return None
    return _opened(*sources[chosen])


def _opened(name: str, source: Path | bytes) -> Sound | None:
    try:
        sound = sound_of_bytes(name, source) if isinstance(source, bytes) else sound_of_file(str(source))
    except UserError as error:  # taken away or changed since it was answered
        show_error(error)
        return None
    st.subheader(escape(shown_name(name)), anchor=False)
    return sound


def _one_line(path: str) -> str:
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in path)
