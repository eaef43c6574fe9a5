"""Topics on which plugins work: the harness has prepared them."""

import json
import time
from collections import Counter

from client import check, poll
from confluent_kafka import KafkaError, TopicPartition

FETCHES_PER_SECOND = 5
IDLE_SECONDS = 5


def order(n):
    return json.dumps({"order": n})


def read_and_idle(world, partitions, records, **config):
    """Reads partitions to their ends, and then counts the fetches of an idle consumer."""
    topic = world.topic()
    fetches = Counter()

    def statistics(text):
        for name, broker in json.loads(text)["brokers"].items():
            fetches[name] = broker["req"].get("Fetch", 0)

    consumer = world.consumer(enable_partition_eof=True, statistics_interval_ms=200, stats_cb=statistics, **config)
    consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
    last, ends, count = {}, {}, 0

    def at_end():
        nonlocal count
        for message in consumer.consume(500, 0.2):
            partition, offset = message.partition(), message.offset()
            if message.error() and message.error().code() == KafkaError._PARTITION_EOF:
                ends[partition] = offset
            elif message.error():
                check(message.error().retriable(), str(message.error()))
            else:
                check(offset > last.get(partition, -1), f"offset {offset} behind {last.get(partition)}")
                last[partition] = offset
                count += 1
        return len(ends) == len(partitions) and (records is None or count >= records)

    world.until(at_end, lambda: f"{count} records of {records}, at the end of {sorted(ends)} of {partitions}")
    check(records is None or count == records, f"{count} records of {records}")
    for partition, end in ends.items():
        high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=30)[1]
        check(end == high, f"partition {partition} ends at {end} for the reader, at {high} for the broker")
    time.sleep(0.5)
    consumer.poll(0.3)
    before = sum(fetches.values())
    idle_until = time.monotonic() + IDLE_SECONDS
    while time.monotonic() < idle_until:
        check(not poll(consumer), "records arrived after the end")
    made = sum(fetches.values()) - before
    check(made <= FETCHES_PER_SECOND * IDLE_SECONDS, f"{made} fetches in {IDLE_SECONDS} s of idling")
    return f"{count} records, {made} fetches in {IDLE_SECONDS} s"


def gaps(world):
    return read_and_idle(world, world.partitions(world.topic()), world.options.records)


def all_moved(world):
    return read_and_idle(world, [world.options.partition or 0], 0)


def view_masked(world):
    topic = world.topic()
    producer = world.producer()
    for n in range(100):
        producer.send(topic, key=f"{world.run}-{n}", value=json.dumps({"n": n, "card": f"4111-{n}"}))
    producer.flush()

    def ours(messages):
        return [message for message in messages if (message.key() or b"").decode().startswith(world.run)]

    seen = []
    for client_id in ("corvid-python", "corvid-python-masked"):
        consumer = world.consumer(group_id=world.name(client_id), client_id=client_id)
        consumer.subscribe([topic])
        messages = []

        def more():
            messages.extend(poll(consumer))
            return len(ours(messages)) >= 100

        world.until(more, lambda: f"{len(messages)} messages have arrived")
        seen.append([(message.offset(), json.loads(message.value())) for message in ours(messages)])
    plain, masked = seen
    check(all(value["card"] == f"4111-{value['n']}" for _, value in plain), "the card numbers are not there for all")
    check(all(value["card"] == "***" for _, value in masked), f"masked is {masked[0][1]}")
    offsets = [[(offset, value["n"]) for offset, value in records] for records in seen]
    check(offsets[0] == offsets[1] and len(plain) == 100, "the offsets differ")


def view_hidden_stretch(world):
    topic, client_id = world.topic(), "corvid-python-masked"
    idled = read_and_idle(world, [0], world.options.records, client_id=client_id)
    consumer = world.consumer(group_id=world.name("within"), client_id=client_id, enable_auto_commit=False)
    consumer.assign([TopicPartition(topic, 0, 50_000)])
    found = []

    def more():
        found.extend(poll(consumer))
        return found

    world.until(more, lambda: "nothing comes behind the stretch")
    check(found[0].offset() > 50_000, f"offset {found[0].offset()}")
    consumer.commit(message=found[0], asynchronous=False)
    [committed] = consumer.committed([TopicPartition(topic, 0)], timeout=30)
    check(committed.offset == found[0].offset() + 1, f"{committed.offset} was committed")
    return idled


def routed(world):
    topic = world.topic()
    producer = world.producer()
    sent = [(f"{chr(65 + n % 26)}{world.run}", order(n)) for n in range(1000)]
    for key, value in sent:
        producer.send(topic, key=key, value=value)
    producer.flush()

    def ours(messages):
        return [message for message in messages if (message.key() or b"").decode().endswith(world.run)]

    read = ours(world.read_all(topic, lambda messages: len(ours(messages)) >= len(sent)))
    check(len(read) == len(sent), f"{len(read)} of {len(sent)}")
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        partition = 0 if letter <= "M" else 1
        found = [message for message in read if message.key().decode().startswith(letter)]
        check({message.partition() for message in found} == {partition}, f"keys of {letter} are not all in partition {partition}")
        values = [message.value().decode() for message in found]
        expected = [value for key, value in sent if key.startswith(letter)]
        check(values == expected, f"of {letter} were sent {expected}, and read {values}")


def dead_letters(world):
    topic = world.topic()
    producer = world.producer()
    for n in range(100):
        producer.send(topic, key=f"{world.run}-{n}", value="refuse me" if n % 10 == 0 else order(n))
    producer.flush()

    def ours(messages):
        return [message for message in messages if (message.key() or b"").decode().startswith(world.run)]

    good = ours(world.read_all(topic, lambda messages: len(ours(messages)) >= 90))
    dead = ours(world.read_all(f"{topic}.DLT", lambda messages: len(ours(messages)) >= 10))
    check(len(good) == 90 and all(message.value() != b"refuse me" for message in good), f"{len(good)} good ones")
    check(len(dead) == 10 and all(message.value() == b"refuse me" for message in dead), f"{len(dead)} dead letters")
    for message in dead:
        headers = dict(message.headers() or [])
        check(headers.get("corvid-dlt-topic") == topic.encode(), f"corvid-dlt-topic is {headers.get('corvid-dlt-topic')}")
        check(headers.get("corvid-dlt-plugin") and headers.get("corvid-dlt-reason"), f"headers are {list(headers)}")
    return f"refused because: {headers['corvid-dlt-reason'].decode()}"


def steady(world):
    topic = world.topic()
    retries = {}

    def statistics(text):
        for name, broker in json.loads(text)["brokers"].items():
            retries[name] = broker["txretries"]

    producer = world.producer(enable_idempotence=True, acks="all", statistics_interval_ms=100, stats_cb=statistics)
    until = time.monotonic() + world.options.seconds
    sent = 0
    while time.monotonic() < until:
        for _ in range(20):
            producer.send(topic, key=f"{world.run}-{sent}", value=order(sent))
            sent += 1
        producer.producer.poll(0.01)
        check(not producer.failed, f"a record failed with {producer.failed[:1]}")
    producer.flush()
    producer.producer.poll(0.3)
    check(not sum(retries.values()), f"{sum(retries.values())} requests were sent again")
    consumer = world.consumer(group_id=world.name("steady"))
    consumer.subscribe([name for name in (topic, f"{topic}.DLT") if name in world.admin.list_topics(timeout=30).topics])
    seen = Counter()

    def more():
        for message in poll(consumer):
            key = (message.key() or b"").decode()
            if key.startswith(world.run):
                seen[key] += 1
        return len(seen) >= sent

    world.until(more, lambda: f"{len(seen)} of {sent} records")
    time.sleep(0.5)
    more()
    twice = [key for key, count in seen.items() if count > 1]
    check(not twice, f"{len(twice)} records are there more than once, such as {twice[:1]}")
    return f"{sent} records, no failed request"


SCENARIOS = {
    "gaps": gaps,
    "all-moved": all_moved,
    "view-masked": view_masked,
    "view-hidden-stretch": view_hidden_stretch,
    "routed": routed,
    "dead-letters": dead_letters,
    "steady": steady,
}
