"""compose.yaml runs the chain in the images, as walled in as k8s/base asks for."""

import json
import time
from collections.abc import Iterator
from typing import Any, Final

import pytest

from c2c_stream.topics import SERVICES
from tests.images import engine
from tests.images.engine import Engine
from tests.monitoring import prometheus

pytestmark = [pytest.mark.images, pytest.mark.timeout(3600)]

LIBRARY: Final = "/usr/lib/python3.11"
PATIENCE_S: Final = 300.0
# Of what is in a container none may be made; the walls of a jail stand all the same.
WALLS: Final = "jail: user, mount, root, pid, net, ipc, uts, cgroup-namespace, uid, capabilities,"
COUNT: Final = """
import pyarrow.parquet as pq, glob, json
ids = [i for p in glob.glob("/out/data/*.parquet") for i in
       pq.read_table(p, columns=["function_id"]).column(0).to_pylist()]
print(json.dumps([len(ids), len(set(ids))]))
"""


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with engine.running(tmp_path_factory.mktemp("engine")) as running:
        engine.build(running, tmp_path_factory.mktemp("context"))
        # Grafana cannot be had here; its dashboards are tested in tests/monitoring.
        running.compose("up", "--detach", "kafka", "topics", *SERVICES, "prometheus")
        try:
            yield running
        finally:
            running.compose("down", "--volumes", "--timeout", "30")


def test_every_service_is_walled_in_as_its_manifest_asks(chain: Engine) -> None:
    for service in SERVICES:
        (found,) = json.loads(chain.run("docker", "inspect", f"c2ctest_{service}_1"))
        host = found["HostConfig"]
        assert host["ReadonlyRootfs"], service
        assert host["CapDrop"] == ["ALL"], service
        assert "no-new-privileges:true" in host["SecurityOpt"], service
        assert not host["Privileged"], service
        assert chain.compose("exec", "-T", service, "id", "-u").strip() == "10001", service
        with pytest.raises(AssertionError, match="Read-only file system"):
            chain.compose("exec", "-T", service, "touch", "/usr/bin/mine")


def test_the_funnel_moves_and_the_walls_stand(chain: Engine) -> None:
    chain.compose("exec", "-T", "ingester", "c2c", "ingest", f"{LIBRARY}/statistics.py")
    stages = _drained(chain)
    assert stages["collector"]["out"] > 0
    assert stages["formatter"]["out"] > 0
    for service in ("writer", "executor"):
        assert WALLS in chain.compose("logs", "--no-color", service), service
    server = prometheus.Prometheus(chain.port)
    done = 'sum(c2c_books_records{stage="formatter",column="out"}) > 0'
    prometheus.await_(lambda: server.series(done))
    assert {one["value"][1] for one in server.series('up{job="c2c"}')} == {"1"}


def test_a_rolling_restart_of_every_service_loses_and_doubles_nothing(chain: Engine) -> None:
    before = _drained(chain)
    chain.compose("exec", "-T", "ingester", "c2c", "ingest", f"{LIBRARY}/email", f"{LIBRARY}/json")
    for service in SERVICES:
        chain.compose("restart", "--timeout", "45", service)
    after = _drained(chain)
    assert after["ingester"]["out"] > before["ingester"]["out"] + 10
    assert all(stage["dead"] == 0 for stage in after.values())
    rows, distinct = json.loads(chain.compose("exec", "-T", "sink", "python", "-c", COUNT))
    assert rows == distinct == after["formatter"]["out"]


def _drained(chain: Engine) -> dict[str, Any]:
    """Wait until nothing waits; return the books, which must balance."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            text = chain.compose("exec", "-T", "formatter", "c2c", "status", "--json")
            found = json.loads(text)
        except AssertionError:
            found = {"stages": {}}  # it does not balance while records move between two looks
        stages: dict[str, Any] = found["stages"]
        moving = [s for s in stages.values() if s["waiting"]]
        done = stages and not moving and stages["ingester"]["read"] and not found["imbalances"]
        if done and _same(chain, stages):
            return stages
        assert time.monotonic() < until, found
        time.sleep(1)


def _same(chain: Engine, stages: dict[str, Any]) -> bool:
    """Say whether a second later nothing has moved."""
    time.sleep(1)
    text = chain.compose("exec", "-T", "formatter", "c2c", "status", "--json")
    return bool(json.loads(text)["stages"] == stages)
