# Abbreviations only; every target can be had without make.
.PHONY: setup run test lint format bench soak dist lock

setup:
	./scripts/setup --dev

run:
	./scripts/run

test:
	./scripts/test

lint:
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy

format:
	.venv/bin/ruff check --fix . && .venv/bin/ruff format .

bench:
	.venv/bin/python scripts/bench.py

soak:
	./scripts/test -m soak

dist:
	.venv/bin/python scripts/dist.py

# Needs uv; the locks hold for every platform and name no host.
LOCK = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"
lock:
	$(LOCK) --group pyproject.toml:build --output-file requirements/build.lock
	$(LOCK) --output-file requirements/run.lock pyproject.toml
	$(LOCK) --extra dev --extra notebooks --constraint requirements/run.lock \
		--output-file requirements/dev.lock pyproject.toml
