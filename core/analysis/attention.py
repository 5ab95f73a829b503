"""Does attention help: the best model with attention against the best without."""

from core.analysis.evidence import Evidence, Finding, standing
from core.catalog import CATALOG


def rule(evidence: Evidence) -> Finding | str:
    known = [each for each in evidence.field if each.model in CATALOG]
    attending = [each for each in known if CATALOG[each.model].attends]
    plain = [each for each in known if not CATALOG[each.model].attends]
    if not attending or not plain:
        return "it needs a model with attention and one without"
    one, other = attending[0], plain[0]
    match = evidence.match(one, other)
    if match is None:
        return f"{one.name} and {other.name} share no test clip"
    if not match.reliable:
        sentence = (f"No reliable difference between the best model with attention ({one.name}) and the best without "
                    f"({other.name}): these clips do not show that attention helps, nor that it harms.")
    elif match.ahead is one:
        sentence = f"Attention helps here: {one.name} is reliably better than {other.name}, the best model without it."
    else:
        sentence = f"Attention does not help here: {other.name} is reliably better than {one.name}, the best model with it."
    rows = [(*standing(each), CATALOG[each.model].attends or "none") for each in known]
    return Finding(sentence, evidence.test_of([(one, other)]), match.reliable,
                   ("model", "accuracy", "95 % interval", "attends to"), tuple(rows))
