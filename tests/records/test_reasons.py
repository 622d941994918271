from c2c_stream.reasons import Reason, meaning_of
from c2c_stream.sandbox.verdicts import Verdict


def test_every_reason_says_what_it_means() -> None:
    assert all(reason.meaning and not reason.meaning.endswith(".") for reason in Reason)
    assert len({reason.meaning for reason in Reason}) == len(Reason)


def test_a_code_is_its_reason() -> None:
    assert [Reason(reason.value) for reason in Reason] == list(Reason)
    assert meaning_of("dup_exact") == Reason.DUP_EXACT.meaning


def test_a_code_of_another_version_means_nothing_here() -> None:
    assert meaning_of("planet_not_aligned") == ""


def test_every_verdict_that_loses_a_function_is_a_reason() -> None:
    assert set(map(str, Verdict)) - {"value", "exception"} <= set(map(str, Reason))
