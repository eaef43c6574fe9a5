package corvid;

import static corvid.Records.bytes;
import static corvid.Records.text;
import static corvid.World.check;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Kafka Connect: a standalone worker, which is a process of its own and knows nothing of Corvid. */
final class Connect {
    static final Map<String, Client.Scenario> SCENARIOS = Map.of("connect-dead-letters", Connect::deadLetters);

    /** A file sink on records of which one is no JSON, and one can't be transformed. */
    private static String deadLetters(World world) throws Exception {
        var topic = world.createTopic(world.name("sink"), 2, Map.of());
        var letters = topic + "-letters";
        var notJson = new ProducerRecord<>(topic, 1, bytes("not-json"), bytes("{\"order\": "));
        notJson.headers().add("origin", bytes("here"));
        var sent = World.send(world.producer(Map.of()), List.of(
                new ProducerRecord<>(topic, 1, bytes("good"), bytes("{\"order\": \"1\"}")),
                notJson,
                new ProducerRecord<>(topic, 1, bytes("not-a-number"), bytes("{\"order\": \"many\"}")),
                new ProducerRecord<>(topic, 1, bytes("behind"), bytes("{\"order\": \"4\"}"))));
        var folder = Files.createTempDirectory("connect");
        world.opening(() -> remove(folder));
        var file = folder.resolve("sink.txt");
        int port = freePort();
        var worker = write(folder, "worker.properties", Map.of(
                "bootstrap.servers", world.options.get("broker"),
                "listeners", "http://127.0.0.1:" + port,
                "key.converter", "org.apache.kafka.connect.storage.StringConverter",
                "value.converter", "org.apache.kafka.connect.json.JsonConverter",
                "value.converter.schemas.enable", "false",
                "offset.storage.file.filename", folder.resolve("offsets").toString(),
                "plugin.discovery", "service_load"));
        var connector = write(folder, "connector.properties", Map.ofEntries(
                Map.entry("name", topic),
                Map.entry("connector.class", "FileStreamSink"),
                Map.entry("topics", topic),
                Map.entry("file", file.toString()),
                Map.entry("consumer.override.auto.offset.reset", "earliest"),
                Map.entry("transforms", "number"),
                Map.entry("transforms.number.type", "org.apache.kafka.connect.transforms.Cast$Value"),
                Map.entry("transforms.number.spec", "order:int32"),
                Map.entry("errors.tolerance", "all"),
                Map.entry("errors.deadletterqueue.topic.name", letters),
                Map.entry("errors.deadletterqueue.topic.replication.factor", "1"),
                Map.entry("errors.deadletterqueue.context.headers.enable", "true")));
        start(world, worker, connector, folder.resolve("worker.log"));
        world.until(() -> Files.exists(file) && Files.readAllLines(file).size() >= 2, () -> "the sink has " + lines(file) + "; " + lines(folder.resolve("worker.log")));
        check(lines(file).equals(List.of("{order=1}", "{order=4}")), "the sink has " + lines(file));
        var dead = world.readAll(letters, records -> records.size() >= 2);
        check(world.partitions(letters).size() == 1, letters + " has partitions " + world.partitions(letters));
        checkLetter(dead.get(0), "not-json", "{\"order\": ", topic, sent.get(1).offset(), "VALUE_CONVERTER");
        check(text(dead.get(0).headers().lastHeader("origin").value()).equals("here"), "the record's own header has gone");
        checkLetter(dead.get(1), "not-a-number", "{\"order\": \"many\"}", topic, sent.get(2).offset(), "TRANSFORMATION");
        var status = HttpClient.newHttpClient().send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/connectors/" + topic + "/status")).build(), BodyHandlers.ofString());
        check(!status.body().contains("FAILED") && status.body().contains("\"tasks\":[{\"id\":0,\"state\":\"RUNNING\""), "the connector is " + status.body());
        return "two are in the sink, one letter for each stage";
    }

    private static void checkLetter(ConsumerRecord<byte[], byte[]> letter, String key, String value, String topic, long offset, String stage) {
        check(text(letter.key()).equals(key) && text(letter.value()).equals(value), "the letter is " + text(letter.key()) + ": " + text(letter.value()));
        Map.of("topic", topic, "partition", "1", "offset", String.valueOf(offset), "connector.name", topic, "task.id", "0", "stage", stage)
                .forEach((name, wanted) -> {
                    var header = letter.headers().lastHeader("__connect.errors." + name);
                    check(header != null && text(header.value()).equals(wanted), key + ": " + name + " is " + (header == null ? "missing" : text(header.value())));
                });
        check(letter.headers().lastHeader("__connect.errors.exception.message") != null, key + " has no reason");
    }

    private static void start(World world, Path worker, Path connector, Path log) throws IOException {
        var command = List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m", "-XX:TieredStopAtLevel=1",
                "-Dlog4j2.configurationFile=" + System.getProperty("log4j2.configurationFile"), "-cp", System.getProperty("java.class.path"),
                "org.apache.kafka.connect.cli.ConnectStandalone", worker.toString(), connector.toString());
        var process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        world.opening(() -> process.destroyForcibly().waitFor());
    }

    private static Path write(Path folder, String name, Map<String, String> properties) throws IOException {
        return Files.write(folder.resolve(name), properties.entrySet().stream().map(entry -> entry.getKey() + "=" + entry.getValue()).toList());
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException missing) {
            return List.of();
        }
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static void remove(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            for (var file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }

    private Connect() {}
}
