package dev.quern.bench.load;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/**
 * {@code benchmarks/run load --url http://127.0.0.1:8080 --model m -c 16}: one {@link LoadRun}, its
 * report as a JSON object on standard output.
 */
@CommandLine.Command(
    name = "load",
    mixinStandardHelpOptions = true,
    description =
        "Loads an OpenAI-compatible endpoint and prints latencies and throughput as JSON.")
public final class LoadGenerator implements Callable<Integer> {
  @CommandLine.Option(
      names = "--url",
      required = true,
      description = "server, e.g. http://127.0.0.1:8080")
  private URI url = URI.create("http://127.0.0.1:8080");

  @CommandLine.Option(names = "--model", required = true, description = "model name to ask for")
  private String model = "";

  @CommandLine.Option(names = "--api-key", description = "bearer token")
  private @Nullable String apiKey;

  @CommandLine.Option(
      names = {"-c", "--concurrency"},
      description = "closed loop: clients at once")
  private int concurrency;

  @CommandLine.Option(names = "--rate", description = "open loop: arrivals a second")
  private double rate;

  @CommandLine.Option(
      names = {"-n", "--requests"},
      defaultValue = "32")
  private int requests;

  @CommandLine.Option(names = "--prompt-tokens", defaultValue = "128")
  private int promptTokens;

  @CommandLine.Option(names = "--max-tokens", defaultValue = "128")
  private int maxTokens;

  @CommandLine.Option(
      names = "--vocabulary",
      defaultValue = "32000",
      description = "ids below this are drawn")
  private int vocabulary;

  @CommandLine.Option(
      names = "--reserved",
      defaultValue = "262",
      description = "ids below this are not drawn")
  private int reserved;

  @CommandLine.Option(
      names = "--warm-up",
      defaultValue = "2",
      description = "requests sent first, not counted")
  private int warmUp;

  @CommandLine.Option(names = "--seed", defaultValue = "1")
  private long seed;

  public static void main(String[] arguments) {
    System.exit(new CommandLine(new LoadGenerator()).execute(arguments));
  }

  @Override
  public Integer call() throws Exception {
    LoadShape shape =
        new LoadShape(
            concurrency, rate, requests, promptTokens, maxTokens, vocabulary, reserved, seed);
    ObjectNode report = LoadRun.measure(url, model, apiKey, shape, warmUp);
    System.out.println(report);
    return report.path("finished").asInt() == requests ? 0 : 1;
  }
}
