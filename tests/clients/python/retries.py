"""A consumer whose handler fails, on a topic with a retry table: the harness has prepared it, and redrives what is dead."""

import time
from collections import Counter

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
            _, timestamp = message.timestamp()
            producer.send(retries, key=message.key(), value=message.value(), headers=headers, timestamp=timestamp)
    producer.flush()


class Handler:
    """Raises for what is hopeless until it is fixed, and twice for what is later."""

    def __init__(self, run):
        self.run = run
        self.handled = Counter()
        self.fixed = False

    def __call__(self, message):
        key, value = message.key().decode(), message.value().decode()
        if not key.startswith(self.run):
            return
        before = self.handled[key]
        self.handled[key] += 1
        headers = {name: value.decode() for name, value in message.headers()}
        attempts = int(headers.get("corvid-retry-attempts", 0))
        check(attempts == (0 if self.fixed else before), f"{key} has {attempts} attempts after {before}")
        if attempts > 0:
            # By its own times: when it failed last, and when it came back.
            failed, (_, returned) = int(headers["corvid-retry-last-at"]), message.timestamp()
            check(failed + BACKOFF_MS[attempts - 1] <= returned <= time.time() * 1000, f"{key} is early: {failed}, {returned}")
        check(headers["trace"] == key.split("-")[-1], f"{key} has the trace {headers['trace']}")
        if (value == "hopeless" and not self.fixed) or (value == "later" and before < 2):
            raise ValueError(f"attempt {before + 1} of {value}")


def consumer_retry(world):
    topic, group = world.topic(), world.name("billing")
    retries = f"{topic}.{group}.retry"
    producer = world.producer(linger_ms=0)
    consumer = world.consumer(group_id=group, fetch_wait_max_ms=100, topic_metadata_refresh_interval_ms=1000)
    consumer.subscribe([topic, retries])
    handler = Handler(world.run)
    sent = {f"{world.run}-{n}": ("fine", "later", "hopeless")[n % 3] for n in range(30)}
    for key, value in sent.items():
        producer.send(topic, key=key, value=value, headers=[("trace", key.split("-")[-1])])
    producer.flush()
    expected = {"fine": 1, "later": 3, "hopeless": 4}

    def wrong():
        return [key for key, value in sent.items() if handler.handled[key] != expected[value]]

    def consume(seconds):
        handle_with_retries(poll(consumer, seconds), handler, producer, retries)
        return not wrong()

    def settled():
        """Each is handled as often as it should be, and a second later no more."""
        world.until(lambda: consume(0.1), lambda: f"{len(wrong())} records were not handled as often as they should")
        consume(1)
        check(not wrong(), f"{len(wrong())} records were handled more often than they should")

    settled()

    def ours(messages):
        return [message for message in messages if message.key().decode().startswith(world.run)]

    dead = ours(world.read_all(f"{topic}.DLT", lambda messages: len(ours(messages)) >= 10))
    check(len(dead) == 10 and all(message.value() == b"hopeless" for message in dead), f"{len(dead)} dead letters")
    for message in dead:
        check_letter(message, topic, group)
    handler.fixed = True
    world.ask(wants="redrive", topic=topic, group=group)
    expected["hopeless"] += 1
    settled()
    return f"{len(dead)} dead letters, after 200, 400 and 800 ms; redriven, each is there once more"


def check_letter(message, topic, group):
    headers = {name: value.decode() for name, value in message.headers()}
    told = {name: headers.get(f"corvid-dlt-{name}") for name in ("attempts", "reason", "topic", "group", "stage")}
    known = {"attempts": "4", "reason": "attempt 4 of hopeless", "topic": topic, "group": group, "stage": "consumer"}
    check(told == known, f"{message.key()}: {told}")
    waited = int(headers["corvid-dlt-last-at"]) - int(headers["corvid-dlt-first-at"])
    check(waited >= 1400, f"{message.key()} failed for the last time after {waited} ms")
    check(headers["trace"] == message.key().decode().split("-")[-1], f"{message.key()} has the trace {headers['trace']}")


SCENARIOS = {"consumer-retry": consumer_retry}
