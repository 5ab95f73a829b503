"""The pages. They import ``core`` and never the other way round; ``streamlit run app/main.py`` starts them."""
