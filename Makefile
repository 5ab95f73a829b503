# make app: install what is pinned and start the app.   make test: the same, plus the tests.
# make stress: kill and cancel real trainings and servers at random moments (minutes; needs a Chromium).
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python

.PHONY: app test stress lint benchmark clean

app: $(VENV)/.app
	$(PY) -m streamlit run app/main.py

test: $(VENV)/.test
	$(PY) -m pytest

stress: $(VENV)/.test
	$(PY) tests/stress

lint: $(VENV)/.test
	$(PY) -m ruff check .

benchmark: $(VENV)/.app
	$(PY) -m core benchmark

$(VENV)/.app: requirements.txt | $(VENV)/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.test: requirements-test.txt $(VENV)/.app
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-test.txt
	@touch $@

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Earshot needs Python 3.11 or newer, found $$($(PYTHON) --version). Name one: make app PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "Python could not make a virtual environment. On Debian and Ubuntu: apt install python3-venv"; exit 2; }
	@echo "Installing the pinned requirements into $(VENV) (once; a few minutes)"

clean:
	rm -rf $(VENV)
