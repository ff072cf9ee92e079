# The commands people and CI use. The first one makes .venv; later ones start at once. Another Python: make demo PYTHON=…
.DEFAULT_GOAL := help
.PHONY: help install demo test lint slurm slurm-stop chaos benchmark gallery lock clean
export PYTHON
# Modules of a cluster put packages here that are not the ones in .venv.
unexport PYTHONPATH PYTHONHOME
BIN := .venv/bin

help:  ## list these commands
	@sed -n 's/^\([a-z-]*\):[^#]*## */\1 /p' Makefile | while read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

install:  ## only make .venv ready (the others do it themselves)
	@envs/install.sh

demo: install  ## run the default study on this machine, up to the report
	@$(BIN)/python envs/unlock.py
	@$(BIN)/snakemake --profile profiles/local --no-hooks --config study=digits scale=full
	@$(BIN)/python -m datavolume results/digits

# One thread a process: two of them with two threads each on two cores are many times slower. Freed memory is kept: glibc
# would give it back after each step, a sixth of a small training's time. Tests on Slurm come after: it is a real one, and
# starts jobs late where others compute beside it.
PYTEST := MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=2000000000 $(BIN)/pytest -n 2 --dist loadscope --no-loadscope-reorder
test: install  ## run all tests; those on Slurm start private clusters
	@OMP_NUM_THREADS=1 $(PYTEST) -m "not slurm"
	@$(PYTEST) tests/slurm

lint: install  ## check format, style and types, and the workflow
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy envs
	$(BIN)/snakefmt --check workflow
	$(BIN)/snakemake --lint

slurm:  ## start a private Slurm on this machine and print what to export
	@python=$$(envs/python.sh) && "$$python" tests/slurm/loopback start

slurm-stop:  ## end exactly what make slurm started
	@python=$$(envs/python.sh) && "$$python" tests/slurm/loopback stop

chaos: install  ## train a small study under random faults on a private Slurm, and compare (MINUTES=3 SEED=…)
	@$(BIN)/python tests/slurm/chaos --minutes $(or $(MINUTES),3) $(if $(SEED),--seed $(SEED)) $(CHAOS)

benchmark: install  ## run the benchmarks
	@set -e; for script in $(sort $(wildcard benchmarks/*.py)); do echo "$$script"; $(BIN)/python "$$script"; done

gallery: install  ## write the gallery's pages of finished studies (STUDIES="results/digits-smoke …")
	@$(BIN)/python docs/make_gallery.py $(STUDIES)

lock:  ## write envs/lock.txt and envs/datavolume.yaml anew from pyproject.toml (UPGRADE=1: newest versions)
	@python=$$(envs/python.sh) && "$$python" -m venv .cache/lock
	@.cache/lock/bin/python -m pip install --quiet --disable-pip-version-check packaging
	@.cache/lock/bin/python envs/lock.py $(if $(UPGRADE),--upgrade)

clean:  ## remove .venv and caches; results, logs and Snakemake's records stay
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .cache/lock dist
	@find . -name __pycache__ -type d -not -path './results/*' -prune -exec rm -rf {} +
