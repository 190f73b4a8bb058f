"""The JSON schema of a scenario, for editors that check YAML; `schema.json` holds its text."""

from __future__ import annotations

import json

from poolspec.simulator.scenario import Scenario

__all__ = ["schema_text"]


def schema_text() -> str:
    """Return the schema, made from the models that read scenarios."""
    schema = Scenario.model_json_schema()
    named = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(named, indent=2) + "\n"
