# The developer's commands. CI calls check, test and test-portable, nothing else.
PYTHON ?= python3
VENV ?= .venv
# torch's CPU build: from an index of its own, since PyPI's Linux build brings gigabytes of CUDA.
# Where that index can't be reached, pip goes on to whatever else it is configured with.
TORCH ?= torch==2.13.0
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock
SOURCES := unifiedqa_convert converters vera_model tests benchmarks tools

.PHONY: demo test test-portable check fix bench lock clean

demo: $(VENV)/.core
	@echo; echo "== 1. one row, step by step"; $(BIN)/uqa show copa
	@echo; echo "== 2. the split as Arrow records"; $(BIN)/uqa convert copa --split validation --source sample --overwrite
	@echo; echo "== 3. the first rows in each form"
	@$(BIN)/uqa convert copa --split validation --source sample --to tsv --out data/converted/demo-tsv --overwrite -q >/dev/null
	@echo "question records (TSV):"; head -n 2 data/converted/demo-tsv/copa/validation.sample/data-00000.tsv
	@$(BIN)/uqa convert copa --split validation --source sample --to jsonl --records declarative --out data/converted/demo-jsonl --overwrite -q >/dev/null
	@echo "declarative records (JSON lines):"; head -n 2 data/converted/demo-jsonl/copa/validation.sample/data-00000.jsonl
	@$(BIN)/uqa convert copa --split validation --source sample --to vera --out data/converted/demo-vera --overwrite -q >/dev/null
	@echo "upstream Vera's JSON:"; head -n 9 data/converted/demo-vera/copa/validation.sample/data-00000.json
	@echo; echo "== next"
	@echo "These were invented sample rows. To go on, enter the environment in which uqa is installed:"
	@echo "  . $(BIN)/activate"
	@echo "  uqa list                                                # the datasets"
	@echo "  uqa convert copa --split validation --raw val.jsonl     # the real file: SuperGLUE's COPA val.jsonl"
	@echo "Then README.md, from 'Convert' on."

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 --dist loadfile

# What torch computes, as a processor without AVX would: both variables are read when it starts, the
# first decides about softmax and its like, the second about matrix products.
test-portable: $(VENV)/.dev
	ATEN_CPU_CAPABILITY=default MKL_CBWR=COMPATIBLE OMP_NUM_THREADS=1 \
		$(BIN)/python -m pytest -n 2 --dist loadfile -m numeric

check: $(VENV)/.dev
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_layers.py tests/test_docs.py

fix: $(VENV)/.dev
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/uqa list --markdown > docs/datasets.md

bench: $(VENV)/.dev
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/conversion.py
	$(BIN)/python benchmarks/knowledge_base.py --rows 300000
	$(BIN)/python benchmarks/declarative.py
	$(BIN)/python benchmarks/question_converter.py
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/planted_signal.py
	$(BIN)/python benchmarks/service.py

# What was tested together: install everything afresh, run the tests, then write it down.
lock: $(VENV)/.dev
	$(BIN)/python -m pip freeze --exclude-editable | sed 's/+cpu//' | grep -v '^nvidia-' > requirements.lock

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache

$(VENV)/.core: pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or newer is needed; name it: make PYTHON=python3.11 …"'
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.core
	$(PIP) --retries 1 --extra-index-url $(TORCH_INDEX) "$(TORCH)"
	$(PIP) -e ".[model,ct2,serve,dev]"
	@touch $@
