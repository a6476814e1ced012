package dev.quern.bench;

import dev.quern.engine.generate.RelayShare;
import dev.quern.engine.runtime.LoadedModel;
import dev.quern.engine.runtime.ModelRuntime;
import dev.quern.engine.runtime.ModelSettings;
import dev.quern.store.DemoModel;
import dev.quern.supplier.ModelCatalog;
import dev.quern.supplier.http.ServerSettings;
import dev.quern.supplier.http.SupplierServer;
import dev.quern.supplier.relay.CanarySettings;
import dev.quern.supplier.relay.RelayAccess;
import dev.quern.supplier.relay.RelayLimits;
import dev.quern.supplier.relay.RelaySettings;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;

/**
 * How much relays that take everything idle delay the operator's own requests: one client of the
 * operator's over HTTP, alone and beside saturating relays in turn, so that what else the machine
 * does weighs on both alike. Prints the time to the first token of both, and the relays' tokens.
 *
 * <p>Arguments: SHARE ROUNDS REQUESTS_A_ROUND PROMPT_TOKENS RELAY_CLIENTS.
 */
public final class TrafficBench {
  private static final int OWN_TOKENS = 8;
  private static final int RELAY_PROMPT = 48;
  private static final int RELAY_TOKENS = 64;

  private final URI completions;
  private final int promptTokens;
  private final Random random = new Random(1);
  private final HttpClient client = HttpClient.newHttpClient();
  private final AtomicLong relays = new AtomicLong();

  private TrafficBench(int port, int promptTokens) {
    this.completions = URI.create("http://127.0.0.1:" + port + "/v1/completions");
    this.promptTokens = promptTokens;
  }

  /** Runs the bench. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    double share = Double.parseDouble(arguments[0]);
    int rounds = Integer.parseInt(arguments[1]);
    int requests = Integer.parseInt(arguments[2]);
    int clients = Integer.parseInt(arguments[4]);
    RelaySettings settings =
        new RelaySettings(
            RelayAccess.HEADER,
            2_000,
            RelayLimits.NONE,
            new RelayShare(share, 1024),
            OptionalInt.empty(),
            OptionalInt.empty(),
            Optional.empty(),
            CanarySettings.OFF);
    Path cache = Files.createTempDirectory("traffic");
    try (ModelRuntime runtime = new ModelRuntime()) {
      LoadedModel model = runtime.load("demo", DemoModel.extract(cache), ModelSettings.defaults());
      ServerSettings server =
          new ServerSettings("127.0.0.1", 0, Set.of(), false, 10_000_000, 1024, 30);
      try (SupplierServer running =
          SupplierServer.start(server, settings, new ModelCatalog(List.of(model), Map.of()))) {
        TrafficBench bench = new TrafficBench(running.port(), Integer.parseInt(arguments[3]));
        bench.own(requests);
        List<Double> alone = new ArrayList<>();
        List<Double> beside = new ArrayList<>();
        long began = System.nanoTime();
        long besideNanos = 0;
        for (int round = 0; round < rounds; round++) {
          alone.addAll(bench.own(requests));
          long before = System.nanoTime();
          beside.addAll(bench.ownBesideRelays(requests, clients));
          besideNanos += System.nanoTime() - before;
        }
        System.out.printf("share %.2f, %.0f s%n", share, (System.nanoTime() - began) / 1e9);
        print("alone", alone);
        print("beside relays", beside);
        System.out.printf(
            "relays: %.1f tokens/s beside%n",
            bench.relays.get() * RELAY_TOKENS / (besideNanos / 1e9));
        System.out.printf(
            "p95 moves by %.1f %%%n",
            100 * (percentile(beside, 0.95) / percentile(alone, 0.95) - 1));
      }
    }
  }

  private static void print(String what, List<Double> millis) {
    System.out.printf(
        "%-14s n %d  TTFT ms p50 %.1f  p95 %.1f%n",
        what, millis.size(), percentile(millis, 0.5), percentile(millis, 0.95));
  }

  private static double percentile(List<Double> values, double share) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return sorted[(int) Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
  }

  private List<Double> ownBesideRelays(int requests, int clients) throws InterruptedException {
    AtomicBoolean enough = new AtomicBoolean();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      long seed = random.nextLong();
      threads.add(Thread.ofVirtual().start(() -> relay(new Random(seed), enough)));
    }
    long before = relays.get();
    while (relays.get() < before + clients) {
      Thread.sleep(10);
    }
    List<Double> times = own(requests);
    enough.set(true);
    for (Thread thread : threads) {
      thread.join();
    }
    return times;
  }

  private void relay(Random tokens, AtomicBoolean enough) {
    while (!enough.get()) {
      HttpRequest request =
          HttpRequest.newBuilder(completions)
              .header("Pocket-Service", "text-generation")
              .POST(body(prompt(tokens, RELAY_PROMPT), RELAY_TOKENS, false))
              .build();
      try {
        if (client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200) {
          relays.incrementAndGet();
        }
      } catch (IOException | InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** Times to the first token in milliseconds, one request after the other. */
  private List<Double> own(int requests) throws InterruptedException {
    List<Double> times = new ArrayList<>();
    for (int i = 0; i < requests; i++) {
      Thread.sleep(random.nextInt(30));
      HttpRequest request =
          HttpRequest.newBuilder(completions)
              .POST(body(prompt(random, promptTokens), OWN_TOKENS, true))
              .build();
      long sent = System.nanoTime();
      try {
        Iterator<String> lines =
            client.send(request, HttpResponse.BodyHandlers.ofLines()).body().iterator();
        lines.next();
        times.add((System.nanoTime() - sent) / 1e6);
        lines.forEachRemaining(line -> {});
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }
    return times;
  }

  /** Ids that no special token has; random, so that no prefix is found in the cache. */
  private static int[] prompt(Random random, int tokens) {
    int[] ids = new int[tokens];
    Arrays.setAll(ids, i -> 100 + random.nextInt(2_900));
    return ids;
  }

  private static HttpRequest.BodyPublisher body(int[] prompt, int tokens, boolean stream) {
    return HttpRequest.BodyPublishers.ofString(
        "{\"model\":\"demo\",\"temperature\":0,\"ignore_eos\":true,\"max_tokens\":"
            + tokens
            + ",\"stream\":"
            + stream
            + ",\"prompt\":["
            + Arrays.stream(prompt).mapToObj(Integer::toString).collect(Collectors.joining(","))
            + "]}");
  }
}
