"""The card's YAML front matter: what the Hugging Face hub and `datasets` read of a folder."""

import json
from typing import Any

import pyarrow as pa

from c2c_stream.sink.columns import SAMPLES
from c2c_stream.sink.dataset import Summary

# SPDX identifiers that the Hugging Face hub knows by the same name in lower case.
HUB_LICENSES = frozenset(
    [
        "0bsd",
        "afl-3.0",
        "agpl-3.0",
        "apache-2.0",
        "artistic-2.0",
        "bsd-2-clause",
        "bsd-3-clause",
        "bsd-3-clause-clear",
        "bsl-1.0",
        "cc-by-4.0",
        "cc-by-sa-4.0",
        "cc0-1.0",
        "ecl-2.0",
        "epl-1.0",
        "epl-2.0",
        "eupl-1.1",
        "gpl-2.0",
        "gpl-3.0",
        "isc",
        "lgpl-2.1",
        "lgpl-3.0",
        "lppl-1.3c",
        "mit",
        "mpl-2.0",
        "ms-pl",
        "ncsa",
        "ofl-1.1",
        "osl-3.0",
        "postgresql",
        "unknown",
        "unlicense",
        "wtfpl",
        "zlib",
    ]
)
_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)


def front_matter(name: str, summary: Summary, layout: str) -> str:
    """Return the YAML between two `---` lines; what comes from elsewhere is quoted as JSON."""
    licenses = sorted({_hub_license(spdx) for spdx, _ in summary.licenses}) or ["unknown"]
    size = next((label for most, label in _SIZES if summary.samples < most), "n>10M")
    features = [f"  - {json.dumps(_feature(column))}" for column in SAMPLES[layout]]
    lines = [
        "---",
        f"pretty_name: {json.dumps(name)}",
        f"license: {json.dumps(licenses)}",
        "language: [code]",
        "task_categories: [text-generation]",
        "tags: [case2code, code, executed, inductive-reasoning, program-synthesis, python]",
        f"size_categories: [{json.dumps(size)}]",
        "configs:",
        "- config_name: default",
        "  data_files:",
        "  - split: train",
        "    path: data/train-*",
        "dataset_info:",
        "  config_name: default",
        "  features:",
        *features,
        "---",
    ]
    return "\n".join(lines)


def _hub_license(spdx: str) -> str:
    name = spdx.lower().removesuffix("-only").removesuffix("-or-later")
    return name if name in HUB_LICENSES else "other"


def _feature(column: Any) -> dict[str, Any]:
    return {"name": column.name, **_feature_type(column.type)}


def _feature_type(kind: Any) -> dict[str, Any]:
    if pa.types.is_list(kind):
        inner = _feature_type(kind.value_type)
        return {"list": inner.get("struct", inner.get("dtype"))}
    if pa.types.is_struct(kind):
        return {"struct": [_feature(kind.field(n)) for n in range(kind.num_fields)]}
    return {"dtype": str(kind)}
