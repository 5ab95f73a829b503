"""A page that was just opened is not emptied by a timer of the page before.

A fragment with ``run_every`` asks to be drawn again by a timer in the browser. Where the person goes to another page, an asking
that is still on its way reaches the server when the new page has been drawn. Streamlit 1.67 then announces
a run of the *old* page, whose fragment is gone, and the browser empties the new one: a blank page until somebody reloads.
Such late askings are dropped here. Streamlit has no hook for that, so one method of its runner is wrapped.
"""

from functools import wraps

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner


def is_late(rerun, current_page: str) -> bool:
    """Whether a rerun is for fragments of another page than the one that was drawn last."""
    return bool(rerun.fragment_id_queue and rerun.page_script_hash and current_page
                and rerun.page_script_hash != current_page)


def forget_late_reruns() -> None:
    """From here on, in this process; calling it again does nothing."""
    run_script = ScriptRunner._run_script
    if hasattr(run_script, "__wrapped__"):
        return

    @wraps(run_script)
    def run_unless_late(self, rerun_data) -> None:
        if not is_late(rerun_data, self._pages_manager.current_page_script_hash):
            run_script(self, rerun_data)

    ScriptRunner._run_script = run_unless_late
