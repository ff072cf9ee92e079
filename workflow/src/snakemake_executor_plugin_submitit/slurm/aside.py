"""Work in a thread of its own that nobody waits for: a hanging command of Slurm must not hold up the end."""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

__all__ = ["Aside"]


class Aside(Executor):
    """As ThreadPoolExecutor, whose threads Python waits for at exit, but with a daemon thread for each call."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Future[Any]:
        future: Future[Any] = Future()

        def run() -> None:
            try:
                future.set_result(function(*arguments, **keywords))
            except BaseException as problem:
                future.set_exception(problem)

        threading.Thread(target=run, daemon=True).start()
        return future
