"""Groups whose members come, go and die."""

import subprocess
import sys
import threading
import time

from client import check, poll


class Member:
    """A member of a group, polled by a thread of its own."""

    def __init__(self, world, topic, group, received, **config):
        self.world = world
        self.consumer = world.consumer(group_id=group, **config)
        self.partitions = set()
        self.joins = 0
        self.lost = 0
        self.received = received
        self.stopping = False
        incremental = config.get("partition_assignment_strategy") == "cooperative-sticky"

        def assigned(_consumer, partitions):
            self.joins += 1
            new = {partition.partition for partition in partitions}
            self.partitions = self.partitions | new if incremental else new

        def revoked(_consumer, partitions):
            self.lost += len(partitions)
            self.partitions = self.partitions - {partition.partition for partition in partitions}

        self.consumer.subscribe([topic], on_assign=assigned, on_revoke=revoked)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            while not self.stopping:
                for message in poll(self.consumer, 0.1):
                    self.received(message.value().decode())
        except Exception as error:  # in a thread of its own nobody would hear of it
            self.world.broken.append(f"a member stopped: {type(error).__name__}: {error}")

    def stop(self, world):
        self.stopping = True
        self.thread.join()
        world.consumers.remove(self.consumer)
        self.consumer.close()


def member_dies(world):
    topic = world.create_topic(world.name("dies"), 4)
    group = world.name("dies")
    received = set()
    survivor = Member(world, topic, group, received.add)
    world.until(lambda: len(survivor.partitions) == 4, lambda: f"the first member has {survivor.partitions}")
    victim = subprocess.Popen(
        [sys.executable, sys.argv[0], "--broker", world.options.broker, "--scenario", "member", "--topic", topic, "--group", group],
        stdout=subprocess.PIPE,
        text=True,
    )
    threading.Thread(target=lambda: [received.add(line.strip()) for line in victim.stdout], daemon=True).start()
    try:
        world.until(lambda: len(survivor.partitions) == 2, lambda: f"shared, it has {survivor.partitions}")
        producer = world.producer()

        def send(first):
            for n in range(first, first + 200):
                producer.send(topic, value=str(n).encode(), partition=n % 4)
            producer.flush()

        send(0)
        world.until(lambda: len(received) == 200, lambda: f"{len(received)} of 200 while both live")
        victim.kill()
        killed = time.monotonic()
        send(200)
        world.until(lambda: len(survivor.partitions) == 4, lambda: f"alone, it has {survivor.partitions}")
        took = time.monotonic() - killed
        check(took < 6 + 6, f"the survivor had to wait for {took:.1f} s")
        world.until(lambda: len(received) == 400, lambda: f"{len(received)} of 400")
    finally:
        victim.kill()
        survivor.stop(world)
    return f"taken over after {took:.1f} s"


def lonely_member(world):
    """Not a scenario: the member that is killed. Prints what it receives."""
    Member(world, world.topic(), world.options.group, lambda value: print(value, flush=True))
    threading.Event().wait()


def more_members_than_partitions(world):
    topic = world.create_topic(world.name("crowd"), 2)
    group = world.name("crowd")
    members = [Member(world, topic, group, lambda value: None) for _ in range(3)]

    def counts():
        return sorted(len(member.partitions) for member in members)

    world.until(lambda: counts() == [0, 1, 1], lambda: f"they have {counts()}")
    described = world.admin.describe_consumer_groups([group])[group].result(timeout=30)
    check(len(described.members) == 3, f"{len(described.members)} members")
    leaver = next(member for member in members if member.partitions)
    members.remove(leaver)
    leaver.stop(world)
    world.until(lambda: counts() == [1, 1], lambda: f"after one has left, they have {counts()}")
    for member in members:
        member.stop(world)


def cooperative(world):
    topic = world.create_topic(world.name("cooperative"), 4)
    group = world.name("cooperative")
    config = {"partition_assignment_strategy": "cooperative-sticky"}
    first = Member(world, topic, group, lambda value: None, **config)
    world.until(lambda: len(first.partitions) == 4, lambda: f"alone, it has {first.partitions}")
    second = Member(world, topic, group, lambda value: None, **config)
    world.until(
        lambda: len(first.partitions) == len(second.partitions) == 2,
        lambda: f"they have {first.partitions} and {second.partitions}",
    )
    check(first.partitions | second.partitions == {0, 1, 2, 3}, "not all partitions are read")
    check(first.lost == 2, f"the first member gave up {first.lost} partitions, not 2")
    first.stop(world)
    second.stop(world)


def static(world):
    topic = world.create_topic(world.name("static"), 4)
    group = world.name("static")
    one = Member(world, topic, group, lambda value: None, group_instance_id="one", session_timeout_ms=20000)
    two = Member(world, topic, group, lambda value: None, group_instance_id="two", session_timeout_ms=20000)
    world.until(lambda: len(one.partitions) == len(two.partitions) == 2, lambda: f"{one.partitions}, {two.partitions}")
    had, joins = set(one.partitions), two.joins
    one.stop(world)
    time.sleep(2)
    again = Member(world, topic, group, lambda value: None, group_instance_id="one", session_timeout_ms=20000)
    world.until(lambda: again.partitions == had, lambda: f"it had {had}, and has {again.partitions}")
    time.sleep(1)
    check(two.joins == joins, "the other member has seen a rebalance")
    again.stop(world)
    two.stop(world)


SCENARIOS = {
    "group-member-dies": member_dies,
    "member": lonely_member,
    "group-more-members-than-partitions": more_members_than_partitions,
    "group-cooperative": cooperative,
    "group-static": static,
}
