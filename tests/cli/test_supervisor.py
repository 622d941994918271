import signal
import weakref
from collections.abc import Iterator

import pytest

from c2c_stream.cli import supervisor
from c2c_stream.cli.supervisor import Interrupted, interrupt_on_signals, interruptible, pause


@pytest.fixture
def signals() -> Iterator[None]:
    """Leave the test process's own handlers as they were."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    handlers = {number: signal.getsignal(number) for number in numbers}
    interrupt_on_signals()
    yield
    supervisor._received.clear()
    for number, handler in handlers.items():
        signal.signal(number, handler)


def library() -> None:
    """Meet a signal, and wrap it as a library would."""
    try:
        signal.raise_signal(signal.SIGTERM)
    except BaseException as error:
        raise ValueError("a callback failed") from error


@pytest.mark.usefixtures("signals")
def test_a_signal_that_a_library_wraps_is_an_interrupt() -> None:
    with pytest.raises(Interrupted), interruptible():
        library()


@pytest.mark.usefixtures("signals")
def test_any_other_error_stays_one() -> None:
    with pytest.raises(ValueError, match="ours"), interruptible():
        raise ValueError("ours")


class Held:
    """Anything that a weak reference can point to."""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("signals")
def test_a_signal_that_python_itself_drops_is_an_interrupt_at_the_next_pause() -> None:
    held = Held()
    watched = weakref.ref(held, lambda _: signal.raise_signal(signal.SIGTERM))
    del held
    assert watched() is None
    with pytest.raises(Interrupted):
        pause(60)
