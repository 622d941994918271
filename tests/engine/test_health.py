from c2c_stream.engine.health import LIVE_GRACE_S, Health


def test_a_service_that_starts_is_live_and_not_ready() -> None:
    health = Health()
    assert health.live(1e9) == ""
    assert health.not_ready == "starting"


def test_it_is_live_until_an_activity_is_late_by_the_grace() -> None:
    health = Health()
    health.enter("commit", due_at=100.0)
    assert health.live(100.0 + LIVE_GRACE_S) == ""
    assert health.live(101.0 + LIVE_GRACE_S) == "commit: 31 s overdue"
    health.enter("poll", due_at=200.0)
    assert health.live(200.0) == ""


def test_what_is_away_is_a_matter_of_readiness_alone() -> None:
    health = Health()
    health.enter("poll", due_at=100.0)
    health.ready("the model server is away")
    assert health.live(100.0) == ""
    assert health.not_ready == "the model server is away"
    health.ready()
    assert health.not_ready == ""
