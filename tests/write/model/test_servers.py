import asyncio
import json
import logging
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from c2c_stream.errors import C2CError, Poison, Retry, SettingsError, Unavailable
from c2c_stream.settings import ModelSettings, environment_of, forget_secrets, load_settings
from c2c_stream.write.model.asking import Answer, Ask, ask_for
from c2c_stream.write.model.key import key_from
from c2c_stream.write.model.lines import inputs_in
from c2c_stream.write.model.prompt import Prompts
from c2c_stream.write.model.remembering import Remembering
from c2c_stream.write.model.server import MAX_ANSWER_BYTES
from c2c_stream.write.model.servers import Servers
from tests.write.model import stub as stubs
from tests.write.model.make import candidate
from tests.write.model.stub import (
    MODEL,
    Behaviour,
    Request,
    Stub,
    completion,
    refusing,
    saying,
    until,
)

GOOD = saying("n=1\nn=2\n")
Then = Callable[[Remembering], Coroutine[Any, Any, Any]]


def an_ask(number: int = 1) -> Ask:
    return ask_for(candidate().function, Prompts(), ModelSettings(), number, ())


def asking(folder: Path, then: Then, *servers: Stub, **settings: Any) -> Any:
    """Serve, and do something with the client of the servers."""

    async def run() -> Any:
        for server in servers:
            await server.open()
        urls = ",".join(server.url for server in servers)
        chosen = ModelSettings(servers=urls, **{"request_s": 20} | settings)
        client = Remembering(Servers(chosen), chosen, folder)
        await client.start()
        try:
            return await then(client)
        finally:
            await client.stop()
            for server in servers:
                await server.shut()

    return asyncio.run(run())


async def once(client: Remembering) -> Answer:
    return await client.ask(an_ask())


async def error_of(client: Remembering) -> C2CError:
    try:
        await client.ask(an_ask())
    except C2CError as error:
        return error
    raise AssertionError("it was answered")


def test_an_answer_tells_its_text_and_what_it_took(tmp_path: Path) -> None:
    stub = Stub(GOOD)
    answer = asking(tmp_path, once, stub)
    assert answer == Answer(
        "n=1\nn=2\n", MODEL, cut=False, tokens_in=40, tokens_out=7, tokens_cached=30
    )
    [request] = stub.requests
    assert request.path == "/v1/chat/completions"
    assert request.body["model"] == MODEL
    assert [message["role"] for message in request.body["messages"]] == ["system", "user"]
    assert "authorization" not in request.headers


FORMS = [
    ("vllm", "auto", lambda body: body["structured_outputs"]["grammar"].startswith("root ::= ")),
    ("llamacpp", "auto", lambda body: body["grammar"].startswith("root ::= ")),
    ("library", "auto", lambda body: body["stop"] == ["\n###", "\n\n\n"]),
    ("vllm", "json", lambda body: body["response_format"]["json_schema"]["strict"] is True),
    ("vllm", "none", lambda body: "structured_outputs" not in body),
]


@pytest.mark.parametrize(("owner", "structured", "fits"), FORMS)
def test_an_output_is_held_to_its_form_as_the_server_knows_it(
    owner: str, structured: str, fits: Callable[[Any], bool], tmp_path: Path
) -> None:
    stub = Stub(GOOD, models={"data": [{"id": MODEL, "owned_by": owner}]})
    asking(tmp_path, once, stub, structured=structured)
    assert fits(stub.requests[0].body)


def test_a_model_without_a_chat_template_gets_completions(tmp_path: Path) -> None:
    async def behave(request: Request) -> None:
        if request.path.endswith("/chat/completions"):
            await request.answer(400, {"error": {"message": "you must provide a chat template"}})
        else:
            await request.answer(200, {"choices": [{"text": "n=3", "finish_reason": "length"}]})

    async def twice(client: Remembering) -> Answer:
        await client.ask(an_ask(1))
        return await client.ask(an_ask(2))

    stub = Stub(behave)
    assert asking(tmp_path, twice, stub) == Answer("n=3", MODEL, cut=True)
    assert [r.path for r in stub.requests[1:]] == ["/v1/completions"] * 2
    assert stub.requests[1].body["prompt"].endswith("### Inputs\n")
    assert asking(tmp_path / "set", once, Stub(behave), endpoint="completions").text == "n=3"
    assert isinstance(asking(tmp_path / "chat", error_of, Stub(behave), endpoint="chat"), Poison)


BAD_DAYS: list[tuple[Behaviour, type[C2CError], str]] = [
    (refusing(400, {"error": {"message": "prompt is too long"}}), Poison, "prompt is too long"),
    (refusing(422, {"message": "bad grammar"}), Poison, "bad grammar"),
    (refusing(401), SettingsError, "api_key"),
    (refusing(404, {"error": {"message": "The model does not exist"}}), SettingsError, "404"),
    (refusing(500, b"<html>oops</html>"), Retry, "500: <html>oops"),
    (refusing(503, b"loading"), Unavailable, "503: loading"),
    (refusing(502), Unavailable, "502"),
    (stubs.half, Retry, "RemoteProtocolError"),
    (stubs.endless, Retry, "more than"),
    (refusing(200, {"result": []}), Retry, "no answer of"),
    (refusing(200, b"\xff\xfe\x00not text"), Retry, "no answer of"),
    (refusing(200, b'["' + b"[" * 100_000), Retry, "no answer of"),
    (refusing(200, {"choices": [{"text": 7}]}), Retry, "its text is none"),
    (refusing(200, {"choices": []}), Retry, "no answer of"),
]


@pytest.mark.parametrize(("behave", "kind", "words"), BAD_DAYS)
def test_what_a_server_does_on_a_bad_day_has_its_class(
    behave: Behaviour, kind: type[C2CError], words: str, tmp_path: Path
) -> None:
    stub = Stub(behave)
    error = asking(tmp_path, error_of, stub)
    assert type(error) is kind
    assert words in str(error)
    assert stub.url in str(error)


def test_silence_of_a_server_that_lives_is_charged_and_the_request_is_broken_off(
    tmp_path: Path,
) -> None:
    stub = Stub(stubs.silence)

    async def then(client: Remembering) -> C2CError:
        error = await error_of(client)
        await until(lambda: not stub.in_flight)
        return error

    error = asking(tmp_path, then, stub, request_s=0.2)
    assert isinstance(error, Retry)
    assert "no answer within 0.2 s" in str(error)
    assert stub.hung_up == 1


def test_a_server_that_dies_with_requests_in_flight_charges_none(tmp_path: Path) -> None:
    stub = Stub(stubs.silence)

    async def then(client: Remembering) -> list[Any]:
        asked = [asyncio.ensure_future(client.ask(an_ask(n))) for n in range(3)]
        await until(lambda: stub.in_flight == 3)
        await stub.shut()
        return await asyncio.gather(*asked, return_exceptions=True)

    errors = asking(tmp_path, then, stub)
    assert [type(error) for error in errors] == [Unavailable] * 3


def test_a_server_that_lists_models_without_end_when_a_request_broke_is_away(
    tmp_path: Path,
) -> None:
    async def behave(request: Request) -> None:
        stub.models = b"x" * (MAX_ANSWER_BYTES + 1)
        await stubs.half(request)

    stub = Stub(behave)
    assert isinstance(asking(tmp_path, error_of, stub), Unavailable)


def test_nobody_there_is_no_attempt_and_it_goes_on_when_somebody_is(tmp_path: Path) -> None:
    stub = Stub(GOOD)

    async def then(client: Remembering) -> Answer:
        await stub.shut()
        for _ in range(3):
            assert isinstance(await error_of(client), Unavailable)
        await stub.open()
        return await client.ask(an_ask())

    assert asking(tmp_path, then, stub).text == "n=1\nn=2\n"


def test_a_push_back_is_waited_for_as_long_as_the_server_says(tmp_path: Path) -> None:
    async def behave(request: Request) -> None:
        if len(stub.requests) == 1:
            await request.answer(429, b"slow down", Retry_After="0.3")
        else:
            await request.answer(200, completion("n=1"))

    stub = Stub(behave)
    assert asking(tmp_path, once, stub).text == "n=1"
    first, second = stub.requests
    assert second.at - first.at >= 0.3


def test_a_server_that_pushes_back_for_longer_than_a_request_may_take_is_away(
    tmp_path: Path,
) -> None:
    stub = Stub(refusing(429, b"quota", Retry_After="Wed, 21 Oct 2099 07:28:00 GMT"))
    error = asking(tmp_path, error_of, stub, request_s=0.3)
    assert isinstance(error, Unavailable)
    assert len(stub.requests) == 1


def test_a_model_that_is_not_there_tells_which_are(tmp_path: Path) -> None:
    models = {"data": [{"id": "small"}, {"id": "large", "aliases": ["l"]}]}
    error = asking(tmp_path, error_of, Stub(GOOD, models=models), name="huge")
    assert isinstance(error, SettingsError)
    assert "no model 'huge'; it has 'small', 'large', 'l'" in str(error)
    error = asking(tmp_path, error_of, Stub(GOOD, models=models))
    assert "model.name is missing; " in str(error)


def test_a_server_that_lists_nothing_is_taken_at_its_word(tmp_path: Path) -> None:
    stub = Stub(GOOD, models="nothing")
    assert asking(tmp_path, once, stub, name="mine").text
    assert stub.requests[0].body["model"] == "mine"
    assert isinstance(asking(tmp_path, error_of, Stub(GOOD, models="nothing")), SettingsError)


KEY = "sk-very-secret"


def test_the_key_is_sent_and_told_to_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    file = tmp_path / "key"
    file.write_text(KEY + "\n")
    assert asking(tmp_path / "a", once, Stub(GOOD, key=KEY), api_key_file=file).text
    assert asking(tmp_path / "b", once, Stub(GOOD, key=KEY), api_key=SecretStr(KEY)).text
    wrong = asking(tmp_path / "c", error_of, Stub(GOOD, key=KEY + "2"), api_key_file=file)
    echo = Stub(refusing(400, {"error": f"you sent {KEY}"}), key=KEY)
    said = asking(tmp_path / "d", error_of, echo, api_key_file=file)
    assert isinstance(wrong, SettingsError)
    for text in (str(wrong), str(said), caplog.text, repr(ModelSettings(api_key=SecretStr(KEY)))):
        assert KEY not in text
    for path in tmp_path.rglob("*.sqlite*"):
        assert KEY.encode() not in path.read_bytes()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"servers": "localhost:8000"}, "model.servers"),
        ({"servers": "http://user:pass@host/v1"}, "model.servers"),
        ({"api_key_file": Path("/nowhere/key")}, "model.api_key_file"),
        ({"api_key_file": Path("/dev/null")}, "is empty"),
        ({"api_key_file": Path("/dev/null"), "api_key": SecretStr("k")}, "set one"),
        ({"cache_folder": Path("/dev/null/x")}, "model.cache_folder"),
    ],
)
def test_wrong_settings_are_named_before_anything_is_asked(
    settings: dict[str, Any], words: str, tmp_path: Path
) -> None:
    chosen = ModelSettings(**settings)
    with pytest.raises(SettingsError, match=words) as raised:
        Remembering(Servers(chosen), chosen, tmp_path)
    assert "pass@" not in str(raised.value)


def test_what_was_answered_is_not_asked_again(tmp_path: Path) -> None:
    stub = Stub(GOOD)

    async def thrice(client: Remembering) -> list[Answer]:
        return [await client.ask(an_ask(n)) for n in (1, 1, 2)]

    first, again, other = asking(tmp_path, thrice, stub)
    assert first == again == other
    assert len(stub.requests) == 2
    assert asking(tmp_path, once, stub) == first
    assert len(stub.requests) == 2
    asking(tmp_path, once, stub, temperature=0.1)
    assert len(stub.requests) == 3


def test_the_server_with_more_room_gets_more(tmp_path: Path) -> None:
    async def slow(request: Request) -> None:
        await asyncio.sleep(0.02)
        await request.answer(200, completion("n=1"))

    async def narrow(request: Request) -> None:
        if two.in_flight > 2:
            await request.answer(429, b"", Retry_After="0.05")
        else:
            await slow(request)

    one, two = Stub(slow), Stub(narrow)

    async def many(client: Remembering) -> None:
        for start in range(0, 200, 25):
            await asyncio.gather(*(client.ask(an_ask(n)) for n in range(start, start + 25)))

    asking(tmp_path, many, one, two)
    answered = len(one.requests)
    assert answered > 100
    assert answered > 2 * (200 - answered)


def test_one_of_two_servers_may_be_away(tmp_path: Path) -> None:
    one, two = Stub(GOOD), Stub(GOOD)

    async def many(client: Remembering) -> int:
        await two.shut()
        return len(await asyncio.gather(*(client.ask(an_ask(n)) for n in range(20))))

    assert asking(tmp_path, many, one, two) == 20
    assert len(one.requests) == 20


def test_who_no_longer_waits_breaks_the_request_off(tmp_path: Path) -> None:
    stub = Stub(stubs.silence)

    async def then(client: Remembering) -> None:
        asked = asyncio.ensure_future(client.ask(an_ask()))
        await until(lambda: stub.in_flight)
        asked.cancel()
        await until(lambda: not stub.in_flight)

    asking(tmp_path, then, stub)
    assert stub.hung_up == 1


@pytest.mark.parametrize("waiting", [None, 0, 7])
def test_the_queue_inside_of_a_server_is_read_where_it_tells(waiting: int | None) -> None:
    stub = Stub(GOOD, waiting=None if waiting is None else lambda: waiting)

    async def then(servers: Servers) -> int | None:
        await servers.ask(an_ask())
        return servers._servers[0].flow._queued

    async def run() -> int | None:
        await stub.open()
        servers = Servers(ModelSettings(servers=stub.url))
        try:
            return await then(servers)
        finally:
            await servers.stop()
            await stub.shut()

    assert asyncio.run(run()) == waiting


FORMS_OF_NOISE = [
    "def f(n):\n    import os\n    os.system('id')\n    return n",
    "I'm sorry, but I can't help with that request.",
    'n=__import__("os").system("id")',
    "n=1\n" * 1000,
    "\ud800\x00\ufffd\u202e" * 50,
    "n=" + "[" * 5000,
]


@pytest.mark.parametrize("text", FORMS_OF_NOISE)
def test_whatever_a_model_writes_only_literals_pass(text: str, tmp_path: Path) -> None:
    stub = Stub(saying(text))
    answer = asking(tmp_path, once, stub)
    found = inputs_in(answer.text, candidate().function, 50, cut=answer.cut).inputs
    assert found == (("n=1",) if text.startswith("n=1") else ())
    assert json.dumps(answer.text)  # and it is kept in the cache as it came


def test_a_service_that_a_run_starts_has_the_key_and_hands_it_on_to_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("C2C_MODEL__API_KEY", KEY)
    run = load_settings(model={"servers": "http://127.0.0.1:1/v1", "temperature": 0.5})
    environment = environment_of(run)
    assert KEY not in json.dumps(environment)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    service = load_settings()
    assert key_from(service.model) == KEY
    assert (service.model.servers, service.model.temperature) == ("http://127.0.0.1:1/v1", 0.5)
    forget_secrets()
    assert not [name for name in os.environ if name.startswith("C2C_MODEL")]


def test_a_wrong_setting_of_the_model_is_named_without_what_may_be_its_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("C2C_MODEL__APIKEY", KEY)
    with pytest.raises(SettingsError, match=r"model\.apikey: there is no such setting") as raised:
        load_settings()
    assert KEY not in str(raised.value)
