"""
Every file of flows/ as Rasa Pro's own reader takes it. Run by the Python of the peer `rasa_pro`; needs no licence.

`python read_flows.py FOLDER` reads each .yml in the folder by itself, which checks it against the schema of Rasa,
then all of them together, for what one flow says of another: calls, links, triggers, ids. Tells of each; exits 1
when one is refused. The folder `trajectories/` below it is a format of our own, and is not read.
"""

from __future__ import annotations

import sys
from pathlib import Path

from rasa.core.config.configuration import Configuration
from rasa.shared.core.flows import FlowsList
from rasa.shared.core.flows.yaml_flows_io import YAMLFlowsReader
from structlog.testing import capture_logs

BAD = ("warning", "error", "critical")


def refusals(folder: Path) -> list[str]:
    """Return what Rasa refuses, a line each."""
    refused: list[str] = []
    together = FlowsList(underlying_flows=[])
    for file in sorted(folder.glob("*.yml")):
        try:
            flows = YAMLFlowsReader.read_from_file(file)
        except Exception as error:  # noqa: BLE001  # whatever Rasa raises is its refusal
            refused.append(f"{file.name}: {type(error).__name__}: {error}")
            continue
        sys.stdout.write(f"{file.name}: {len(flows.underlying_flows)} flows\n")
        together = FlowsList(underlying_flows=[*together.underlying_flows, *flows.underlying_flows])
    try:
        # Of a call to a flow that is nowhere it only warns: that might be another program. Here it never is.
        with capture_logs() as told:
            together.validate()
        refused += [str(one.get("event_info", one["event"])) for one in told if one["log_level"] in BAD]
    except Exception as error:  # noqa: BLE001  # as above
        refused.append(f"all together: {type(error).__name__}: {error}")
    sys.stdout.write(f"together: {len(together.underlying_flows)} flows\n")
    if not together.underlying_flows:
        refused.append(f"{folder}: no flows here")
    return refused


def main(folder: str) -> int:
    """Read the folder; return 0 when Rasa takes all of it."""
    Configuration.initialise_empty()
    refused = refusals(Path(folder))
    for line in refused:
        sys.stdout.write(f"refused: {line}\n")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
