"""The JSON schema of `CatRules`, published as docs/rules.schema.json and at /api/rules/schema.

`python -m testing_engine.rules_schema` prints it.
"""

import json
from typing import Any

from testing_engine.psychometrics.rules import CatRules


def rules_schema() -> dict[str, Any]:
    return {"title": "Rules of an adaptive test", **CatRules.json_schema()}


if __name__ == "__main__":
    print(json.dumps(rules_schema(), indent=2, ensure_ascii=False))
