package corvid;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.HashMap;
import java.util.Map;

/** The scenarios of ../scenarios.toml with Apache Kafka's Java clients. Prints one line of JSON. */
public final class Client {
    /** A scenario: what to tell of it when it passes. */
    interface Scenario {
        String play(World world) throws Exception;
    }

    public static void main(String[] arguments) {
        var options = new HashMap<String, String>();
        for (int at = 0; at + 1 < arguments.length; at += 2) {
            options.put(arguments[at].replaceFirst("^--", ""), arguments[at + 1]);
        }
        var name = options.get("scenario");
        var scenarios = new HashMap<String, Scenario>();
        scenarios.putAll(Records.SCENARIOS);
        scenarios.putAll(Groups.SCENARIOS);
        scenarios.putAll(Plugins.SCENARIOS);
        scenarios.putAll(Retries.SCENARIOS);
        scenarios.putAll(Connect.SCENARIOS);
        String result;
        String detail;
        if (!scenarios.containsKey(name)) {
            result = "n/a";
            detail = "the Java client does not have this, or no such scenario";
        } else {
            try (var world = new World(options)) {
                detail = scenarios.get(name).play(world);
                result = "pass";
            } catch (Throwable error) {
                result = "fail";
                detail = error.toString();
                if (System.getenv("DEBUG") != null) {
                    error.printStackTrace();
                }
            }
        }
        System.out.println(json(Map.of("client", options.getOrDefault("client", "java"), "scenario", String.valueOf(name), "result", result, "detail", detail)));
        // Threads of clients that could not be closed must not keep the program.
        Runtime.getRuntime().halt(result.equals("fail") ? 1 : 0);
    }

    private static String json(Map<String, String> answer) {
        var line = new StringWriter();
        var out = new PrintWriter(line);
        String separator = "{";
        for (var key : new String[] {"client", "scenario", "result", "detail"}) {
            out.print(separator + quoted(key) + ":" + quoted(answer.get(key)));
            separator = ",";
        }
        out.print("}");
        return line.toString();
    }

    private static String quoted(String text) {
        var quoted = new StringBuilder("\"");
        for (char character : text.toCharArray()) {
            if (character == '"' || character == '\\') {
                quoted.append('\\').append(character);
            } else if (character < ' ') {
                quoted.append(String.format("\\u%04x", (int) character));
            } else {
                quoted.append(character);
            }
        }
        return quoted.append('"').toString();
    }

    private Client() {}
}
