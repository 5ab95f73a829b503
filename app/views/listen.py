"""Listen inside."""

from app.components import page_header

page_header("Listen inside")
