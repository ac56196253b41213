"""A Spark standalone cluster on the loopback address: one master, some workers, all ended by their pids."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import pyspark

SPARK_HOME = Path(pyspark.__path__[0])
HOST = "127.0.0.1"
WORKER_MEMORY = "1g"
SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Machines that live for a minute: compiling each plan thoroughly never pays."""


def free_port() -> int:
    """A port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class StandaloneCluster:
    """Starts on entry, waits until all workers have registered, and ends all of its processes on exit.

    Each worker offers one core and 1 GiB. `folder` takes logs, work and scratch files.
    """

    def __init__(self, folder: Path, py_files: Path, jars: list[Path], workers: int = 2) -> None:
        self._folder = folder
        self.py_files = py_files
        self._jars = jars
        self._workers = workers
        self._ui_port = free_port()
        self._processes: list[subprocess.Popen[bytes]] = []
        self.url = f"spark://{HOST}:{free_port()}"

    def __enter__(self) -> StandaloneCluster:
        (self._folder / "logs").mkdir(parents=True)
        deploy = "org.apache.spark.deploy"
        port = self.url.rpartition(":")[2]
        try:
            master = ["--host", HOST, "--port", port, "--webui-port", str(self._ui_port)]
            self._start("master", f"{deploy}.master.Master", *master)
            self._wait_for(0)
            for number in range(self._workers):
                name = f"worker-{number}"
                offer = ["--cores", "1", "--memory", WORKER_MEMORY, "--work-dir", str(self._folder / name)]
                worker = ["--host", HOST, "--webui-port", "0", *offer, self.url]
                self._start(name, f"{deploy}.worker.Worker", *worker)
            self._wait_for(self._workers)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def submit(
        self, job: Path, *arguments: str, conf: Mapping[str, str] | None = None, timeout: float = 300
    ) -> subprocess.CompletedProcess[str]:
        """spark-submit `job` with the zip of lib/ and the jars; the driver runs here, in a folder of its own.

        Both streams are in the result; `timeout` is in seconds. The exit code is not judged.
        """
        settings = {
            "spark.driver.host": HOST,
            "spark.driver.bindAddress": HOST,
            "spark.ui.enabled": "false",
            "spark.executor.memory": WORKER_MEMORY,
            "spark.driver.extraJavaOptions": SHORT_LIVED,
            "spark.executor.extraJavaOptions": SHORT_LIVED,
            # A job starts when all workers are there, not when the first is.
            "spark.cores.max": str(self._workers),
            "spark.scheduler.minRegisteredResourcesRatio": "1.0",
            **(conf or {}),
        }
        command = [str(SPARK_HOME / "bin" / "spark-submit"), "--master", self.url]
        command += ["--driver-memory", "1g", "--py-files", str(self.py_files)]
        command += ["--jars", ",".join(map(str, self._jars))]
        for key, value in settings.items():
            command += ["--conf", f"{key}={value}"]
        driver = self._folder / "driver"
        driver.mkdir(exist_ok=True)
        return subprocess.run(
            [*command, str(job), *arguments],
            cwd=driver,
            env=self._environment("driver"),
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def logs(self) -> str:
        """What master, workers and drivers wrote, for the text of a failure."""
        parts = [f"--- {path.name}\n{path.read_text()}" for path in sorted((self._folder / "logs").iterdir())]
        return "\n".join(parts)

    def _environment(self, name: str) -> dict[str, str]:
        # Spark's own variables of the outer shell must not reach the daemons.
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("SPARK_", "PYSPARK_"))}
        # A package that only the driver's path knows would hide what --py-files brings.
        kept.pop("PYTHONPATH", None)
        return kept | {
            "SPARK_HOME": str(SPARK_HOME),
            "SPARK_LOCAL_IP": HOST,
            "SPARK_LOCAL_DIRS": str(self._folder / "scratch"),
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_DAEMON_JAVA_OPTS": SHORT_LIVED,
            "PYSPARK_PYTHON": sys.executable,
            "LOG4J_CONFIGURATION_FILE": str(Path(__file__).parents[2] / "conf" / "log4j2.properties"),
            "TRAILHOUSE_SPARK_LOG": str(self._folder / "logs" / f"{name}.log"),
        }

    def _start(self, name: str, main_class: str, *arguments: str) -> None:
        with (self._folder / "logs" / f"{name}.out").open("wb") as out:
            self._processes.append(
                subprocess.Popen(
                    [str(SPARK_HOME / "bin" / "spark-class"), main_class, *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    env=self._environment(name),
                    # A group of its own, so that a worker's executors can be ended with it.
                    start_new_session=True,
                )
            )

    def _wait_for(self, workers: int, seconds: float = 60) -> None:
        """Until the master answers and knows so many live workers; AssertionError with the logs if not."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            ended = [process.args for process in self._processes if process.poll() is not None]
            if ended:
                raise AssertionError(f"{ended} ended before the cluster was up\n{self.logs()}")
            # While the master starts, nobody answers, and then for a moment a page that is no JSON.
            with contextlib.suppress(OSError, ValueError):
                if self._state()["aliveworkers"] == workers:
                    return
            time.sleep(0.2)
        raise AssertionError(f"no cluster of {workers} workers after {seconds} s\n{self.logs()}")

    def _state(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://{HOST}:{self._ui_port}/json/", timeout=5) as answer:
            state: dict[str, Any] = json.load(answer)
        return state

    def _stop(self) -> None:
        # Workers first: a master that goes before them makes them wait for its return.
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            # What is left of its group, e.g. an executor in the midst of its start.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        self._processes.clear()
