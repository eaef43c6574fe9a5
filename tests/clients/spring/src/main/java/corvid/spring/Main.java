package corvid.spring;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The scenarios of ../scenarios.toml that are applications of Spring. Prints one line of JSON. */
public final class Main {
    /** A scenario: what to tell of it when it passes. */
    interface Scenario {
        String play(World world) throws Exception;
    }

    private static final Map<String, Scenario> SCENARIOS = Map.of(
            "spring-error-handler", StatisticScenario::play,
            "spring-retryable-topic", RetryableScenario::play,
            "spring-retry-topic", RetryTopicScenario::play);

    public static void main(String[] arguments) {
        var options = new HashMap<String, String>();
        for (int at = 0; at + 1 < arguments.length; at += 2) {
            options.put(arguments[at].replaceFirst("^--", ""), arguments[at + 1]);
        }
        var name = String.valueOf(options.get("scenario"));
        String result = "n/a";
        String detail = "there is no such application";
        if (SCENARIOS.containsKey(name)) {
            try (var world = new World(options)) {
                detail = SCENARIOS.get(name).play(world);
                result = "pass";
            } catch (Throwable error) {
                result = "fail";
                detail = error.toString();
                if (System.getenv("DEBUG") != null) {
                    error.printStackTrace();
                }
            }
        }
        var answer = new StringBuilder();
        for (var field : List.of(List.of("client", "spring"), List.of("scenario", name), List.of("result", result), List.of("detail", detail))) {
            answer.append(answer.isEmpty() ? "{" : ",").append(quoted(field.get(0))).append(':').append(quoted(field.get(1)));
        }
        System.out.println(answer.append('}'));
        // Threads of clients that could not be closed must not keep the program.
        Runtime.getRuntime().halt(result.equals("fail") ? 1 : 0);
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

    private Main() {}
}
