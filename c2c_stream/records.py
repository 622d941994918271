"""One frozen dataclass for each schema in schemas/; a test holds them against each other.

Records are denormalised: each carries what the next stage needs and the trail so far. What a
field means stands once, as its `doc` in the schema. Behaviour is functions beside them.
"""

import hashlib
from dataclasses import dataclass

UNKNOWN_LICENSE = "unknown"


@dataclass(frozen=True, slots=True)
class Repository:
    """Topic `repos`: something to ingest."""

    url: str = ""
    kind: str = ""
    revision: str = ""
    column: str = ""
    branch: str = ""
    base: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a file came from, and under which licence."""

    repository: str = ""
    commit: str = ""
    path: str = ""
    blob: str = ""
    license: str = UNKNOWN_LICENSE
    license_evidence: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """Topic `files`: one Python source file, its bytes untouched."""

    file_id: str = ""
    origin: Origin = Origin()
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a function, as its signature declares it."""

    name: str = ""
    kind: str = ""
    annotation: str = ""
    default: str = ""


@dataclass(frozen=True, slots=True)
class Function:
    """Topic `functions`: a function sliced out with all that it needs (its bundle)."""

    function_id: str = ""
    occurrence_id: str = ""
    file_id: str = ""
    origin: Origin = Origin()
    qualified_name: str = ""
    entry_point: str = ""
    line: int = 0
    end_line: int = 0
    parameters: tuple[Parameter, ...] = ()
    code: str = ""
    imports: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Curation:
    """What the curator judged."""

    license_policy: str = ""
    license_verdict: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Topic `candidates`: a function that the curator let pass."""

    function: Function = Function()
    curation: Curation = Curation()


@dataclass(frozen=True, slots=True)
class Writing:
    """How the inputs were written, and what that took."""

    writer: str = ""
    version: str = ""
    seed: int = 0
    iterations: int = 0
    steps: int = 0
    edges: int = 0
    edges_covered: int = 0
    inputs: int = 0
    model: str = ""
    revision: str = ""
    prompt: str = ""
    sampling: str = ""
    why: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0


@dataclass(frozen=True, slots=True)
class Inputs:
    """Topic `inputs`: a candidate with the arguments to call it with, as source text."""

    function: Function = Function()
    curation: Curation = Curation()
    writing: Writing = Writing()
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One call and what happened, on which two runs in different interpreters agree."""

    arguments: str = ""
    verdict: str = ""
    result: str = ""
    steps: int = 0
    mutates: int = 0
    printed: str = ""


@dataclass(frozen=True, slots=True)
class Dropped:
    """How many calls of a function were not kept, for one reason."""

    reason: str = ""
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Execution:
    """The interpreter and the limits that the cases were executed with."""

    python: str = ""
    step_limit: int = 0
    cpu_limit_ms: int = 0
    memory_limit_bytes: int = 0
    calls: int = 0
    kept: int = 0
    dropped: tuple[Dropped, ...] = ()


@dataclass(frozen=True, slots=True)
class Cases:
    """Topic `cases`: a function with the calls that were executed and kept."""

    function: Function = Function()
    curation: Curation = Curation()
    writing: Writing = Writing()
    execution: Execution = Execution()
    cases: tuple[Case, ...] = ()


@dataclass(frozen=True, slots=True)
class SampleCase:
    """A case as a dataset shows it."""

    arguments: str = ""
    outcome: str = ""
    result: str = ""
    printed: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """Topic `samples`: one row of the dataset."""

    id: str = ""
    function_id: str = ""
    prompt: str = ""
    completion: str = ""
    code: str = ""
    entry_point: str = ""
    visible_cases: tuple[SampleCase, ...] = ()
    hidden_cases: tuple[SampleCase, ...] = ()
    repository: str = ""
    path: str = ""
    commit: str = ""
    line: int = 0
    license: str = UNKNOWN_LICENSE
    writer: Writing = Writing()
    runtime: Execution = Execution()


@dataclass(frozen=True, slots=True)
class RejectedItem:
    """One item that a rule turned down, and why."""

    occurrence_id: str = ""
    function_id: str = ""
    path: str = ""
    qualified_name: str = ""
    line: int = 0
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Topic `rejections`: what one input of one stage lost to the rules."""

    stage: str = ""
    repository: str = ""
    commit: str = ""
    items: tuple[RejectedItem, ...] = ()


@dataclass(frozen=True, slots=True)
class Header:
    """One header of a record, as the broker held it."""

    name: str = ""
    value: bytes = b""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Topic `dead-letters`: a record that failed, byte for byte, with the error."""

    stage: str = ""
    topic: str = ""
    partition: int = 0
    offset: int = 0
    key: bytes = b""
    value: bytes = b""
    value_bytes: int = 0
    value_hash: str = ""
    headers: tuple[Header, ...] = ()
    error: str = ""
    reason: str = ""
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Settlement:
    """Topic `settlements`: what was done about a dead letter."""

    topic: str = ""
    partition: int = 0
    offset: int = 0
    action: str = ""


Record = (
    Repository
    | File
    | Function
    | Candidate
    | Inputs
    | Cases
    | Sample
    | Rejection
    | DeadLetter
    | Settlement
)

RECORDS: tuple[type[Record], ...] = (
    Repository,
    File,
    Function,
    Candidate,
    Inputs,
    Cases,
    Sample,
    Rejection,
    DeadLetter,
    Settlement,
)


def content_hash(*parts: str | bytes | int) -> str:
    """Return 32 hex digits that identify `parts`: BLAKE2b-128 over each part with its length."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()


def file_id_of(origin: Origin) -> str:
    """Return the identity of one file at one commit of one repository."""
    return content_hash(origin.repository, origin.commit, origin.path, origin.blob)


def occurrence_id_of(file_id: str, qualified_name: str, line: int) -> str:
    """Return the identity of one function at one place."""
    return content_hash(file_id, qualified_name, line)


def origin_of(record: Record) -> Origin:
    """Return where a record's code came from; empty for records that carry no code."""
    match record:
        case File() | Function():
            return record.origin
        case Candidate() | Inputs() | Cases():
            return record.function.origin
        case Repository():
            return Origin(repository=record.url)
        case Sample():
            return Origin(
                repository=record.repository,
                commit=record.commit,
                path=record.path,
                license=record.license,
            )
        case Rejection():
            return Origin(repository=record.repository, commit=record.commit)
        case DeadLetter() | Settlement():
            return Origin()
