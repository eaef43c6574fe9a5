"""The scenarios of ../scenarios.toml with confluent-kafka-python (librdkafka). Prints one line of JSON."""

import argparse
import faulthandler
import json
import os
import sys
import time
import traceback
import uuid

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic


class NotApplicable(Exception):
    """A scenario that librdkafka can't do, with its reason."""


class Failed(Exception):
    """Something was not as it must be."""


def check(holds, explain):
    if not holds:
        raise Failed(explain)


class World:
    """What a scenario works with: clients, and names that nobody else has."""

    def __init__(self, options):
        self.options = options
        self.run = uuid.uuid4().hex[:8]
        self.common = {"bootstrap.servers": options.broker, "client.id": "corvid-python", "log_level": 2}
        self.admin = AdminClient(self.common)
        self.consumers = []
        # What went wrong in other threads.
        self.broken = []

    def name(self, what):
        return f"{what}-python-{self.run}"

    def topic(self):
        check(self.options.topic, "--topic is needed")
        return self.options.topic

    def create_topic(self, topic, partitions, config=None):
        new = NewTopic(topic, num_partitions=partitions, replication_factor=1, config=config or {})
        for created in self.admin.create_topics([new]).values():
            created.result(timeout=30)
        self.until(lambda: len(self.partitions(topic)) == partitions, lambda: f"{topic} is not in the metadata")
        return topic

    def partitions(self, topic):
        metadata = self.admin.list_topics(topic, timeout=30).topics[topic]
        return [] if metadata.error else sorted(metadata.partitions)

    def producer(self, **config):
        return SureProducer({**self.common, "linger.ms": 5, **_dotted(config)})

    def consumer(self, **config):
        defaults = {
            "group.id": self.name("group"),
            "auto.offset.reset": "earliest",
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 500,
            "fetch.wait.max.ms": 500,
            "enable.partition.eof": False,
        }
        consumer = Consumer({**self.common, **defaults, **_dotted(config)})
        self.consumers.append(consumer)
        return consumer

    def read_all(self, topic, enough, **config):
        """Reads a topic from the beginning until `enough(messages)`."""
        consumer = self.consumer(group_id=self.name("read-" + topic), **config)
        consumer.subscribe([topic])
        messages = []

        def more():
            messages.extend(poll(consumer))
            return enough(messages)

        self.until(more, lambda: f"{len(messages)} messages of {topic} have arrived")
        return messages

    def until(self, holds, explain):
        deadline = time.monotonic() + self.options.timeout
        while not holds():
            check(not self.broken, self.broken)
            if time.monotonic() > deadline:
                raise Failed(f"not in {self.options.timeout} s: {explain()}")
            time.sleep(0.02)

    def ask(self, **wish):
        """Asks whoever runs this for something, and waits until it is done: until they send a line."""
        print(json.dumps(wish), flush=True)
        check(sys.stdin.readline(), "nobody answers")

    def close(self):
        for consumer in self.consumers:
            consumer.close()


class SureProducer:
    """A producer that knows what became of each record."""

    def __init__(self, config):
        self.producer = Producer(config)
        self.delivered = []
        self.failed = []

    def send(self, topic, **record):
        while True:
            try:
                self.producer.produce(topic, on_delivery=self._told, **record)
                self.producer.poll(0)
                return
            except BufferError:
                self.producer.poll(0.1)

    def flush(self):
        """Waits for all, and fails if one has failed."""
        left = self.producer.flush(60)
        check(not left, f"{left} records are still on their way")
        check(not self.failed, f"{len(self.failed)} records failed, the first with {self.failed[:1]}")

    def _told(self, error, message):
        if error is None:
            self.delivered.append(message)
        else:
            self.failed.append(error.name())


def poll(consumer, seconds=0.2):
    """The next messages; errors that librdkafka mends itself are none."""
    messages = []
    for message in consumer.consume(500, seconds):
        error = message.error()
        if error is None:
            messages.append(message)
        elif error.code() != KafkaError._PARTITION_EOF and not error.retriable():
            raise Failed(str(error))
    return messages


def assign_all(consumer, topic, partitions):
    consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])


def _dotted(config):
    return {key if callable(value) else key.replace("_", "."): value for key, value in config.items()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--broker", required=True)
    parser.add_argument("--scenario", required=True)
    parser.add_argument("--topic")
    parser.add_argument("--group")
    parser.add_argument("--partition", type=int)
    parser.add_argument("--records", type=int)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--timeout", type=float, default=90)
    options = parser.parse_args()
    # Whatever hangs shows where, before whoever runs this loses patience.
    faulthandler.dump_traceback_later(2 * options.timeout, exit=True)
    answer = {"client": "python", "scenario": options.scenario, "result": "pass", "detail": ""}
    try:
        import groups
        import plugins
        import records
        import retries

        scenarios = {**records.SCENARIOS, **groups.SCENARIOS, **plugins.SCENARIOS, **retries.SCENARIOS}
        if options.scenario not in scenarios:
            raise NotApplicable("librdkafka does not have this, or no such scenario")
        world = World(options)
        answer["detail"] = scenarios[options.scenario](world) or ""
        # Not after a failure: members may still be polled by their threads, and a close would wait for these for ever.
        world.close()
    except NotApplicable as reason:
        answer.update(result="n/a", detail=str(reason))
    except Exception as error:  # whatever it is, the harness must get its line
        answer.update(result="fail", detail=f"{type(error).__name__}: {error}")
        if os.environ.get("DEBUG"):
            traceback.print_exc()
    print(json.dumps(answer), flush=True)
    os._exit(1 if answer["result"] == "fail" else 0)


if __name__ == "__main__":
    sys.modules["client"] = sys.modules["__main__"]
    main()
