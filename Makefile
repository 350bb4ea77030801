# Two commands on a bare machine with Python >= 3.11: `make demo` and `make test`.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
SITE_TOOLS := .venv/.site-tools
# pip's own bars where somebody looks on; a log needs none
PIP := $(BIN)/python -m pip install --disable-pip-version-check --progress-bar on $(shell [ -t 2 ] || echo --quiet)
TORCH := $(shell grep '^torch==' requirements.lock)

# The oracle of PSDS and of frame mAP over all thresholds. It names pathlib, an obsolete copy of Python's own module, so
# it is installed without what it names; what it imports stands in the extra dev.
SED_SCORES_EVAL := sed_scores_eval==0.0.4

.PHONY: demo test mutants lint docs clean

demo: $(INSTALLED)
	$(BIN)/sedpipe demo $(OPTIONS)

test: $(INSTALLED)
	$(BIN)/python -m pytest -n auto

# Would the tests notice? See benchmarks/mutants.py; half an hour on one core.
mutants: $(INSTALLED)
	$(PIP) --quiet -c requirements.lock -e '.[mutants]'
	$(BIN)/python benchmarks/mutants.py --output benchmarks/results/mutants.json

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(SITE_TOOLS)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --site-dir site
	@echo "open site/index.html"

$(SITE_TOOLS): $(INSTALLED)
	$(PIP) --quiet -c requirements.lock -e '.[docs]'
	touch $@

# On Linux without an NVIDIA driver torch's own index has a build for the processor alone: 0.2 GB instead of the 2.7 GB
# that PyPI's, with CUDA, takes. Where that index cannot be reached, PyPI's is taken.
$(INSTALLED): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "sedpipe needs Python 3.11 or newer; name one with: make PYTHON=python3.11" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@if [ "$$(uname -s)" = Linux ] && ! command -v nvidia-smi >/dev/null 2>&1; then \
		echo "installing into .venv: torch for the processor alone (0.2 GB to download), then the rest (0.4 GB); 1.8 GB on disk"; \
		$(PIP) --retries 1 --timeout 15 --index-url https://download.pytorch.org/whl/cpu $(TORCH) || \
			echo "torch's own index cannot be reached: taking PyPI's build (2.7 GB to download)" >&2; \
	else \
		echo "installing into .venv: on Linux with a GPU 3.1 GB to download, 6 GB on disk; on a Mac 0.6 GB, 1.8 GB on disk"; \
	fi
	$(PIP) -c requirements.lock -e '.[dev]'
	$(PIP) --no-deps '$(SED_SCORES_EVAL)' || \
		echo "$(SED_SCORES_EVAL) needs a C compiler: without it two tests are skipped" >&2
	touch $@

clean:
	rm -rf .venv
