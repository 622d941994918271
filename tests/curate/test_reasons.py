from c2c_stream.curate.reasons import Reason


def test_every_reason_says_what_it_means() -> None:
    assert all(reason.meaning for reason in Reason)
