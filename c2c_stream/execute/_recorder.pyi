from collections.abc import Callable, Mapping
from types import CodeType
from typing import Any

def keep(
    step_limit: type[BaseException],
    loads: Callable[[bytes], Any],
    execute: Callable[..., None],
    address_in: Callable[[str], object],
    compile_alone: Callable[[Mapping[str, Any], Callable[[str], None]], CodeType | None],
    parse: Callable[[str], object],
    reseeder: Callable[[int], Callable[[], None]],
    namespace: dict[str, object],
    from_below: Callable[..., object],
    /,
) -> None: ...
def run(request: Mapping[str, Any], emit: Callable[[str], None], /) -> None: ...
def result_text(value: object, limit: int, /) -> tuple[str, str]: ...
def plain_arguments(text: str, /) -> tuple[list[object], dict[str, object]] | None: ...
def unchanged(now: Mapping[str, object], before: Mapping[str, object], /) -> bool: ...
