"""Pure functions from data to a Plotly figure; :mod:`app.charts.palette` has the colours and defaults of them all."""
