"""The listener that tells a process's figures, where somebody wants them."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click

from bot.take_stock import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.runtime import Runtime
    from bot.settings import Settings


@contextmanager
def figures(settings: Settings, runtime: Runtime, port: int | None) -> Iterator[None]:
    """Tell figures on this port (None: nowhere) until the block ends."""
    with ExitStack() as stack:
        if port is not None:
            try:
                stack.enter_context(told(runtime, settings.data_dir, host=settings.metrics_host, port=port))
            except OSError as error:
                where = f"cannot tell metrics on {settings.metrics_host} port {port}: {error.strerror or error}"
                raise click.ClickException(f"{where}; choose another with --metrics-port or METRICS_PORT") from None
        yield
