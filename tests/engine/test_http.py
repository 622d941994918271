import http.client
from collections.abc import Iterator
from contextlib import closing

import pytest

from c2c_stream import metrics
from c2c_stream.engine.clock import SystemClock
from c2c_stream.engine.health import Health
from c2c_stream.engine.http import HttpServer
from c2c_stream.errors import SettingsError


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
def port(health: Health) -> Iterator[int]:
    server = HttpServer("127.0.0.1", 0, health, SystemClock())
    server.start()
    yield server.port
    server.stop()


def get(port: int, path: str) -> tuple[int, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def test_metrics_are_served_with_a_zero_for_every_series_of_bounded_labels(port: int) -> None:
    metrics.initialise("formatter", "1.2.3")
    status, text = get(port, "/metrics")
    assert status == 200
    assert 'c2c_build_info{stage="formatter",version="1.2.3"} 1.0' in text
    assert 'c2c_records_total{outcome="dead",stage="formatter"}' in text
    assert 'c2c_oldest_unprocessed_age_seconds{stage="formatter"}' in text


def test_readyz_says_why_it_is_not_ready(port: int, health: Health) -> None:
    assert get(port, "/readyz") == (503, "starting\n")
    health.ready()
    assert get(port, "/readyz?verbose=1") == (200, "ok\n")
    health.ready("main.functions[3]@1841: schema unknown ü")
    assert get(port, "/readyz") == (503, "main.functions[3]@1841: schema unknown ü\n")
    assert get(port, "/livez") == (200, "ok\n")


def test_livez_fails_when_the_broker_thread_is_late(port: int, health: Health) -> None:
    health.enter("commit", due_at=SystemClock().now() - 1000)
    status, text = get(port, "/livez")
    assert (status, text.startswith("commit: ")) == (503, True)


def test_any_other_page_says_what_there_is(port: int) -> None:
    assert get(port, "/") == (404, "try /metrics, /livez or /readyz\n")


def test_a_port_in_use_is_a_wrong_setting_that_says_what_to_do(port: int, health: Health) -> None:
    with pytest.raises(SettingsError, match=rf"127\.0\.0\.1:{port}: .* or 0 for a free one"):
        HttpServer("127.0.0.1", port, health, SystemClock())


def test_an_address_that_is_not_ours_is_a_wrong_setting(health: Health) -> None:
    with pytest.raises(SettingsError, match="cannot listen on"):
        HttpServer("192.0.2.1", 0, health, SystemClock())


def test_a_server_that_was_never_started_can_be_stopped(health: Health) -> None:
    HttpServer("127.0.0.1", 0, health, SystemClock()).stop()
