"""Records: partitions, compression, headers, sizes, idempotence."""

import os
import time

from client import check

NAMES = ["Ada", "Barbara", "Grace", "Hedy", "Katherine", "Mary", "Nancy", "Olga", "Radia", "Sophie", "Yvonne", "Zelda"]


def partition_of(name):
    return 0 if name[0].upper() <= "M" else 1


def names_partitioned(world):
    topic = world.create_topic(world.options.topic or world.name("users"), 2)
    producer = world.producer()
    for name in NAMES:
        producer.send(topic, key=name, value=f'{{"name": "{name}"}}', partition=partition_of(name))
    producer.flush()
    messages = world.read_all(topic, lambda messages: len(messages) >= len(NAMES))
    for partition in (0, 1):
        read = [message.key().decode() for message in messages if message.partition() == partition]
        sent = [name for name in NAMES if partition_of(name) == partition]
        check(read == sent, f"partition {partition}: sent {sent}, read {read}")
    return f"{len(messages)} names"


def compression(codec):
    def scenario(world):
        topic = world.create_topic(world.name("compression"), 1)
        producer = world.producer(compression_type=codec)
        began = int(time.time() * 1000) - 1000
        sent = [(f"key-{n}".encode(), f"value {n} ".encode() * 20, began + n) for n in range(200)]
        for key, value, timestamp in sent:
            producer.send(topic, key=key, value=value, timestamp=timestamp, partition=0)
        producer.flush()
        messages = world.read_all(topic, lambda messages: len(messages) >= len(sent))
        read = [(message.key(), message.value(), message.timestamp()[1]) for message in messages]
        check(read == sent, "the records differ")
        check([message.offset() for message in messages] == list(range(200)), "the offsets differ")

    return scenario


def headers(world):
    topic = world.create_topic(world.name("headers"), 1)
    sent = [("a", b"1"), ("b", None), ("a", b"2"), ("c", b""), ("a", b"1")]
    producer = world.producer()
    producer.send(topic, key=b"k", value=b"v", headers=sent, partition=0)
    producer.send(topic, value=b"no key", partition=0)
    producer.send(topic, key=b"tombstone", value=None, partition=0)
    producer.flush()
    first, second, third = world.read_all(topic, lambda messages: len(messages) >= 3)
    check(first.headers() == sent, f"headers are {first.headers()}")
    check((second.key(), second.value()) == (None, b"no key"), f"the null key is {second.key()!r}")
    check((third.key(), third.value()) == (b"tombstone", None), f"the tombstone is {third.value()!r}")


def large_messages(world):
    topic = world.create_topic(world.name("large"), 1, {"max.message.bytes": str(2 << 20)})
    producer = world.producer(message_max_bytes=8 << 20, linger_ms=0)
    sent = [os.urandom(1 << 20) for _ in range(8)]
    for n, value in enumerate(sent):
        if n == 4:
            producer.producer.flush(60)
            producer.send(topic, value=os.urandom(3 << 20), partition=0)
            producer.producer.flush(60)
            check(producer.failed == ["MSG_SIZE_TOO_LARGE"], f"3 MiB: {producer.failed or 'accepted'}")
            producer.failed.clear()
        producer.send(topic, value=value, partition=0)
        producer.producer.flush(60)
    producer.flush()
    messages = world.read_all(topic, lambda messages: len(messages) >= len(sent))
    check([message.value() for message in messages] == sent, "the bytes differ")


def idempotence(world):
    topic = world.create_topic(world.name("idempotence"), 3)
    producer = world.producer(enable_idempotence=True, acks="all", max_in_flight=5, batch_num_messages=50)
    for n in range(5000):
        producer.send(topic, value=str(n).encode(), partition=n % 3)
    producer.flush()
    messages = world.read_all(topic, lambda messages: len(messages) >= 5000)
    check(len(messages) == 5000, f"{len(messages)} of 5000")
    for partition in range(3):
        values = [int(message.value()) for message in messages if message.partition() == partition]
        check(values == list(range(partition, 5000, 3)), f"partition {partition} is out of order")
    told = {(message.partition(), message.offset()): message.value() for message in producer.delivered}
    read = {(message.partition(), message.offset()): message.value() for message in messages}
    check(told == read, "the offsets that were told are not the records' own")


SCENARIOS = {
    "names-partitioned": names_partitioned,
    **{f"compression-{codec}": compression(codec) for codec in ("none", "gzip", "snappy", "lz4", "zstd")},
    "headers": headers,
    "large-messages": large_messages,
    "idempotence": idempotence,
}
