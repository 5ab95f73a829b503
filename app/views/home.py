"""Home."""

from app.components import page_header

page_header("Home")
