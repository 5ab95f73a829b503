"""How the HTML report looks: light, dark and on paper. Nothing is fetched: no font, no script, no image."""

from core.colours import CLASS_COLOURS, PROTOCOL_COLOURS, SPLIT_COLOURS

INK = {False: {"text": "#1c2326", "muted": "#5c686d", "grid": "#e3e6e3", "surface": "#fbfbfa", "raised": "#f1f2f0",
               "accent": "#0f6f7c"},
       True: {"text": "#e4e9e8", "muted": "#98a6ab", "grid": "#2f393e", "surface": "#12171a", "raised": "#1b2226",
              "accent": "#4fb3bf"}}

RULES = """
* { box-sizing: border-box; }
body { margin: 0; background: var(--surface); color: var(--text); font: 16px/1.55 "Source Sans 3", system-ui, sans-serif;
  font-variant-numeric: tabular-nums; }
main { max-width: 1080px; margin: 0 auto; padding: 40px 24px 80px; overflow-wrap: break-word; }
h1 { font-size: 1.9rem; line-height: 1.2; letter-spacing: -0.01em; margin: 0 0 8px; }
h2 { font-size: 1.4rem; margin: 56px 0 12px; padding-top: 16px; border-top: 1px solid var(--grid); }
h3 { font-size: 1.1rem; margin: 32px 0 8px; } h4 { font-size: 1rem; margin: 24px 0 4px; }
p { margin: 8px 0; max-width: 46em; } .quiet { color: var(--muted); font-size: 0.875rem; }
ul { max-width: 46em; padding-left: 20px; } li { margin: 4px 0; }
a { color: var(--accent); } nav { margin: 16px 0 0; display: flex; flex-wrap: wrap; gap: 4px 20px; font-size: 0.9rem; }
.scroll { overflow-x: auto; margin: 12px 0; }
table { border-collapse: collapse; font-size: 0.875rem; line-height: 1.4; }
th, td { padding: 6px 12px 6px 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--grid); }
th { color: var(--muted); font-weight: 600; } th:last-child, td:last-child { padding-right: 0; }
td.n, th.n { text-align: right; white-space: nowrap; }
small { color: var(--muted); font-size: 0.75rem; white-space: nowrap; } td:first-child { overflow-wrap: normal; }
pre { background: var(--raised); padding: 12px 16px; border-radius: 8px; overflow-x: auto;
  font: 13px/1.5 ui-monospace, monospace; }
details { margin: 4px 0 12px; } summary { cursor: pointer; color: var(--muted); font-size: 0.875rem; }
figure { margin: 12px 0; } svg { display: block; width: 100%; height: auto; max-width: 620px;
  font: 12px system-ui, sans-serif; }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 0 40px; }
.beside > div { min-width: 0; }
svg text { fill: var(--muted); } svg .strong { fill: var(--text); }
svg .title { fill: var(--text); font-weight: 600; font-size: 13px; }
svg .grid { stroke: var(--grid); } svg .inverse { fill: var(--surface); }
@media (max-width: 640px) { main { padding: 24px 16px 48px; } body { font-size: 15px; } th, td { padding-right: 10px; } }
@media print {
  main { max-width: none; padding: 0; } body { font-size: 10.5pt; } nav { display: none; }
  h2, h3, h4 { break-after: avoid; } figure, tr, .finding { break-inside: avoid; } .scroll { overflow: visible; }
  .beside { grid-template-columns: 1fr 1fr; } table { font-size: 7pt; } small { font-size: 6pt; }
  th, td { padding: 4px 6px 4px 0; } th, th.n { white-space: normal; overflow-wrap: anywhere; hyphens: auto; }
  pre { white-space: pre-wrap; }
  details::details-content { content-visibility: visible; block-size: auto; } summary { list-style: none; }
  a { color: inherit; text-decoration: none; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""


def stylesheet() -> str:
    """The rules, with the colours of light grounds, of dark ones where the reader prefers them, and never on paper."""
    return (f":root {{ color-scheme: light dark; {_variables(False)} }}\n"
            f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {_variables(True)} }} }}\n" + RULES)


def class_colour(index: int) -> str:
    """The colour of the class in that place, as the figures name it; the eleventh class starts over."""
    return f"var(--class{index % len(CLASS_COLOURS[False])})"


def protocol_colour(index: int) -> str:
    return f"var(--protocol{index % len(PROTOCOL_COLOURS[False])})"


def _variables(dark: bool) -> str:
    named = INK[dark] | SPLIT_COLOURS[dark]
    named |= {f"class{i}": colour for i, colour in enumerate(CLASS_COLOURS[dark])}
    named |= {f"protocol{i}": colour for i, colour in enumerate(PROTOCOL_COLOURS[dark])}
    return " ".join(f"--{name}: {colour};" for name, colour in named.items())
