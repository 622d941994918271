"""The decision core, against every order of deliveries, failures, crashes and rebalances.

That it finds what is wrong: test_mutants.py.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)

from tests.engine.toy import (
    ENDS,
    PARTITIONS,
    Broker,
    Member,
    final_oracle,
    oracle,
)

MEMBER = st.integers(0, 1)
KINDS = st.sampled_from(sorted(ENDS))
GIVEN = st.lists(KINDS, min_size=1, max_size=4)


class CoreMachine(RuleBasedStateMachine):
    """Two members of one group."""

    make = Member

    def __init__(self) -> None:
        super().__init__()
        self.broker = Broker()
        self.members = [self.make(self.broker, number) for number in (0, 1)]
        self.now = 0.0

    @rule(partition=st.sampled_from(PARTITIONS), kinds=st.lists(KINDS, max_size=4), gap=MEMBER)
    def produce(self, partition: tuple[str, int], kinds: list[bytes], gap: int) -> None:
        for kind in kinds:
            self.broker.append(partition, kind, gap)

    @rule(times=st.integers(1, 4))
    def poll(self, times: int) -> None:
        for member in self.members * times:
            member.poll()

    @rule(seconds=st.integers(0, 40))
    def work(self, seconds: int) -> None:
        self.now += seconds
        for member in self.members:
            member.work(self.now)

    @precondition(lambda self: any(member.running for member in self.members))
    @rule(which=st.lists(st.integers(0, 10), min_size=1, max_size=5))
    def finish(self, which: list[int]) -> None:
        for member in self.members:
            for index in which:
                if member.running:
                    member.finish(index, self.now)

    @rule(kinds=GIVEN, which=st.integers(0, 10))
    def go_on(self, kinds: list[bytes], which: int) -> None:
        """Bring both members so far that some of it is finished: else commits are rarely met."""
        for partition in PARTITIONS:
            self.produce(partition, kinds, 0)
        self.poll(2)
        self.work(1)
        self.finish([which] * 3)

    @rule(member=MEMBER, lost=st.sampled_from(["", "request", "answer"]))
    def commit(self, member: int, *, lost: str) -> None:
        self.members[member].commit(lost=lost)

    @rule(member=MEMBER)
    def crash(self, member: int) -> None:
        self.members[member].start()

    @rule(owners=st.tuples(MEMBER, MEMBER))
    def rebalance(self, owners: tuple[int, int]) -> None:
        self.broker.rebalance(owners)
        for member in self.members:
            member.rebalanced()

    @rule(member=MEMBER, owners=st.tuples(MEMBER, MEMBER))
    def zombie(self, member: int, owners: tuple[int, int]) -> None:
        """Rebalance, and let one member hear of it only when it polls again."""
        self.broker.rebalance(owners)
        self.members[1 - member].rebalanced()

    @rule(member=MEMBER, kinds=GIVEN, which=st.integers(0, 10), zombie=st.booleans())
    def commit_late(self, member: int, kinds: list[bytes], which: int, *, zombie: bool) -> None:
        """Commit what was finished before the partitions went, or before an answer was lost.

        Other rules might come to the same, and hardly ever do.
        """
        self.go_on(kinds, which)
        if zombie:
            self.zombie(member, (1 - member, 1 - member))
        else:
            self.commit(member, lost="answer")
            self.go_on(kinds, which)
        self.commit(member, lost="")

    @invariant()
    def nothing_comes_out_twice(self) -> None:
        oracle(self.broker)

    def teardown(self) -> None:
        """Let both go on undisturbed until nothing is left, then count."""
        oracle(self.broker)  # after a step that failed, too: a broken core need not get further
        for _ in range(3000):
            if all(self.settle(member) for member in self.members):
                break
        final_oracle(self.broker)

    def settle(self, member: Member) -> bool:
        self.now += 100
        member.poll()
        member.work(self.now)
        if member.running:
            member.finish(0, self.now)
        member.commit()
        return not any(
            self.broker.after(p, at.offset) for p, at in self.broker.assigned(member.number).items()
        )


TestCore = CoreMachine.TestCase
TestCore.settings = settings(max_examples=200, stateful_step_count=60)
