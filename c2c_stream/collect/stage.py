"""The collector's door: files in, functions out, and a rejection for each that is turned down."""

from collections.abc import Sequence

from c2c_stream.code.obstacles import SliceLimits
from c2c_stream.collect.parser import Parser, WorkerLimits
from c2c_stream.collect.paths import definitions, is_generated, may_define, reason_of_path
from c2c_stream.collect.rules import Collected, Judgement, Limits, TurnedDown
from c2c_stream.engine.stage import Outcome
from c2c_stream.errors import Retry
from c2c_stream.reasons import Reason
from c2c_stream.records import File, Function, RejectedItem, occurrence_id_of
from c2c_stream.settings import CollectSettings


def limits_of(settings: CollectSettings) -> Limits:
    """Return the rules' limits as the settings say."""
    return Limits(
        max_lines=settings.max_lines,
        slice=SliceLimits(
            dependencies=settings.max_dependencies,
            bundle_lines=settings.max_bundle_lines,
            bundle_bytes=settings.max_bundle_bytes,
            class_lines=settings.max_class_lines,
        ),
    )


def unwanted(path: str, content: bytes) -> TurnedDown | None:
    """Return why a file is not parsed at all, if so: one rejection for all that it holds."""
    reason = reason_of_path(path)
    if reason is None and is_generated(content):
        reason = Reason.GENERATED
    if reason is None:
        return None
    return TurnedDown(reason, f"{reason.meaning}; {definitions(content)} functions not looked at")


class Collector:
    """Turns files into functions. Found = out + rejected, where a file turned down counts once."""

    def __init__(self, settings: CollectSettings) -> None:
        limits = WorkerLimits(settings.parse_memory_bytes, settings.parse_cpu_s)
        self._parser = Parser(limits_of(settings), limits)

    def start(self) -> None:
        """Nothing to build: the first file starts a worker."""

    def stop(self) -> None:
        """End the worker."""
        self._parser.close()

    def process(self, records: Sequence[File]) -> Sequence[Outcome | Exception]:
        """Return what each file holds, in order."""
        return [self._outcome(file) for file in records]

    def _outcome(self, file: File) -> Outcome | Retry:
        try:
            judgements = self._judgements(file)
        except Retry as error:
            return error
        return Outcome(
            outputs=tuple(
                _function(file, each) for each in judgements if isinstance(each, Collected)
            ),
            rejected=tuple(
                _rejected(file, each) for each in judgements if isinstance(each, TurnedDown)
            ),
        )

    def _judgements(self, file: File) -> list[Judgement]:
        path = file.origin.path
        turned_down = unwanted(path, file.content)
        if turned_down is not None:
            return [turned_down]
        return self._parser.collect(path, file.content) if may_define(file.content) else []


def _function(file: File, found: Collected) -> Function:
    return Function(
        function_id=found.function_id,
        occurrence_id=occurrence_id_of(file.file_id, found.qualified_name, found.line),
        file_id=file.file_id,
        origin=file.origin,
        qualified_name=found.qualified_name,
        entry_point=found.qualified_name,
        line=found.line,
        end_line=found.end_line,
        parameters=found.parameters,
        code=found.code,
        imports=found.imports,
        dependencies=found.dependencies,
    )


def _rejected(file: File, found: TurnedDown) -> RejectedItem:
    whole = not found.qualified_name
    return RejectedItem(
        occurrence_id=""
        if whole
        else occurrence_id_of(file.file_id, found.qualified_name, found.line),
        path=file.origin.path,
        qualified_name=found.qualified_name,
        line=found.line,
        reason=found.reason.value,
        detail=found.detail,
    )
