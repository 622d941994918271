from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.engine.balance import Account, books_of, imbalances, waiting_of
from c2c_stream.engine.books import Books
from c2c_stream.topics import SERVICES, TOPICS, output_of


def chain(reads: list[int], rejects: list[int], dead: list[int]) -> list[Account]:
    """Return the accounts of a chain in which every service reads less than was handed to it."""
    accounts: list[Account] = []
    handed, rejections, letters = reads[0] + 3, 0, 0
    for service, topic, wanted, rejected, failed in zip(
        SERVICES[:-1],
        ("repos", "files", "functions", "candidates", "inputs", "cases"),
        reads,
        rejects,
        dead,
        strict=True,
    ):
        read = min(wanted, handed)
        died = min(failed, read)
        out = read - died
        books = Books(
            read=read,
            processed=read - died,
            dead=died,
            found=out + rejected,
            out=out,
            rejected=rejected,
            rejections=rejected,
        )
        accounts.append(Account(service, topic, books, handed - read))
        handed, rejections, letters = out, rejections + rejected, letters + died
    for topic, count in (
        ("samples", handed),
        ("rejections", rejections),
        ("dead-letters", letters),
    ):
        accounts.append(Account("sink", topic, Books(read=count, processed=count), 0))
    return accounts


counts = st.lists(st.integers(0, 9), min_size=6, max_size=6)


@given(counts, counts, counts)
def test_a_chain_that_hands_on_all_it_puts_out_balances(
    reads: list[int], rejects: list[int], dead: list[int]
) -> None:
    assert list(imbalances(chain(reads, rejects, dead), {})) == []


@given(counts, st.integers(0, 8), st.sampled_from(["read", "processed", "found", "out"]))
def test_one_record_more_or_less_anywhere_is_noticed(reads: list[int], at: int, field: str) -> None:
    accounts = chain(reads, [1] * 6, [0] * 6)
    books = accounts[at].books
    wrong = replace(books, **{field: getattr(books, field) + 1})
    accounts[at] = replace(accounts[at], books=wrong)

    assert list(imbalances(accounts, {})) != []


FED = st.dictionaries(st.sampled_from([topic.name for topic in TOPICS[1:]]), st.integers(1, 9))


@given(counts, FED)
def test_what_came_from_outside_is_in_the_balance(reads: list[int], fed: dict[str, int]) -> None:
    accounts = [
        replace(a, waiting=a.waiting + fed.get(a.topic, 0)) for a in chain(reads, [1] * 6, [1] * 6)
    ]
    accounts.append(Account("sink", "settlements", Books(), fed.get("settlements", 0)))

    assert list(imbalances(accounts, fed)) == []
    for topic, count in fed.items():
        more = {**fed, topic: count + 1}
        [sentence] = imbalances(accounts, more)
        assert sentence.startswith(f"{topic}: ")


@pytest.mark.parametrize("service", SERVICES[:-1])
def test_a_record_lost_between_two_services_is_named_by_its_topic(service: str) -> None:
    topic = output_of(service)
    assert topic
    accounts = [
        replace(a, books=replace(a.books, read=a.books.read - 1, processed=a.books.processed - 1))
        if a.topic == topic.name
        else a
        for a in chain([5] * 6, [0] * 6, [0] * 6)
    ]

    assert any(sentence.startswith(f"{topic.name}: ") for sentence in imbalances(accounts, {}))


def test_a_service_with_several_topics_has_their_sum() -> None:
    accounts = [
        Account("sink", "samples", Books(read=3, processed=3), 2),
        Account("sink", "rejections", Books(read=4, processed=4), 1),
        Account("formatter", "cases", Books(read=9), 9),
    ]

    assert books_of(accounts, "sink").read == 7
    assert waiting_of(accounts, "sink") == 3
