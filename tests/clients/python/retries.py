"""A consumer whose handler fails, on a topic with a retry table: the harness has prepared it."""

import time
from collections import defaultdict

from client import check, poll

BACKOFF_MS = [200, 400, 800]


def handle_with_retries(messages, handle, producer, retries):
    """All that a consumer needs: what its handler raises for comes back, and ends in the dead-letter topic."""
    for message in messages:
        try:
            handle(message)
        except ValueError as error:
            headers = [*(message.headers() or []), ("corvid-retry-reason", str(error))]
            if message.topic() != retries:
                headers += [("corvid-retry-partition", str(message.partition())), ("corvid-retry-offset", str(message.offset()))]
            producer.send(retries, key=message.key(), value=message.value(), headers=headers)
    producer.flush()


def consumer_retry(world):
    topic, group = world.topic(), world.name("billing")
    retries = f"{topic}.{group}.retry"
    producer = world.producer(linger_ms=0)
    consumer = world.consumer(group_id=group, fetch_wait_max_ms=100, topic_metadata_refresh_interval_ms=1000)
    consumer.subscribe([topic, retries])
    tries = defaultdict(list)

    def handle(message):
        key, value = message.key().decode(), message.value().decode()
        if not key.startswith(world.run):
            return
        before, now = list(tries[key]), time.time() * 1000
        early = before and now < before[-1] + BACKOFF_MS[len(before) - 1]
        check(not early, f"{key} is early: {before}, {now}")
        tries[key].append(now)
        if value == "hopeless" or (value == "later" and len(before) < 2):
            raise ValueError(f"attempt {len(before) + 1} of {value}")

    sent = {f"{world.run}-{n}": ("fine", "later", "hopeless")[n % 3] for n in range(30)}
    for key, value in sent.items():
        producer.send(topic, key=key, value=value, headers=[("trace", key.split("-")[-1])])
    producer.flush()
    expected = {"fine": 1, "later": 3, "hopeless": 4}

    def wrong():
        return [key for key, value in sent.items() if len(tries[key]) != expected[value]]

    def done():
        handle_with_retries(poll(consumer, 0.1), handle, producer, retries)
        return not wrong()

    world.until(done, lambda: f"{len(wrong())} records were not handled as often as they should")

    def ours(messages):
        return [message for message in messages if message.key().decode().startswith(world.run)]

    dead = ours(world.read_all(f"{topic}.DLT", lambda messages: len(ours(messages)) >= 10))
    handle_with_retries(poll(consumer, 1), handle, producer, retries)
    check(not wrong(), f"{len(wrong())} records were handled more often than they should")
    check(len(dead) == 10 and all(message.value() == b"hopeless" for message in dead), f"{len(dead)} dead letters")
    for message in dead:
        headers = {name: value.decode() for name, value in message.headers()}
        told = {name: headers.get(f"corvid-dlt-{name}") for name in ("attempts", "reason", "topic", "group", "stage")}
        known = {"attempts": "4", "reason": "attempt 4 of hopeless", "topic": topic, "group": group, "stage": "consumer"}
        check(told == known, f"{message.key()}: {told}")
        waited = int(headers["corvid-dlt-last-at"]) - int(headers["corvid-dlt-first-at"])
        check(waited >= 1400, f"{message.key()} failed for the last time after {waited} ms")
        check(headers["trace"] == message.key().decode().split("-")[-1], f"{message.key()} has the trace {headers['trace']}")
    return f"{len(dead)} dead letters, after 200, 400 and 800 ms"


SCENARIOS = {"consumer-retry": consumer_retry}
