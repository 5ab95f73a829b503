"""Which classes decide: class by class, the clips that only the first or only the last contender gets right."""

from core.analysis.evidence import ONE, Evidence, Finding
from core.comparison import ALPHA, holm, mcnemar, p_text
from core.matches import common_clips
from core.wording import several


def rule(evidence: Evidence) -> Finding | str:
    if len(evidence.field) < 2:
        return ONE
    first, last = evidence.best, evidence.field[-1]
    clips = common_clips(first, last)
    if not len(clips):
        return f"{first.name} and {last.name} share no test clip"
    counts = [(name, len(part), int(part["first"].sum()), int(part["second"].sum()),
               int((part["first"] & ~part["second"]).sum()), int((part["second"] & ~part["first"]).sum()))
              for name in first.class_names if len(part := clips[clips["true"] == name])]
    p_values = holm([mcnemar(*row[4:]) for row in counts])
    deciding = [row for row, p in zip(counts, p_values, strict=True) if p < ALPHA]
    both = f"{first.name} (first) and {last.name} (last)"
    if deciding:
        told = several([f"{name} ({one} of {total} against {other})" for name, total, one, other, *_ in deciding])
        sentence = f"Between {both} these classes decide reliably: {told}."
    else:
        name, total, one, other, *_ = max(counts, key=lambda row: abs(row[2] - row[3]))
        most = (f"the largest difference is in {name}, {one} of {total} clips right against {other}" if one != other else
                "they get as many clips right in every class")
        sentence = f"No reliable difference in any single class between {both}: {most}."
    rows = [(name, str(total), str(one), str(other), f"{only_one} / {only_other}", p_text([p]))
            for (name, total, one, other, only_one, only_other), p in zip(counts, p_values, strict=True)]
    return Finding(sentence, f"McNemar's exact test within each class, Holm's correction over {len(counts)} classes: "
                   f"smallest {p_text([min(p_values)])}", bool(deciding),
                   ("class", "clips", f"right: {first.name}", f"right: {last.name}", "only one of them right", "p"),
                   tuple(rows))
