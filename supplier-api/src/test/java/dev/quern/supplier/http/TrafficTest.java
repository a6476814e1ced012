package dev.quern.supplier.http;

import static dev.quern.supplier.http.TestServer.COMPLETIONS;
import static dev.quern.supplier.http.TestServer.completion;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.engine.generate.EngineSnapshot;
import dev.quern.engine.generate.RelayShare;
import dev.quern.supplier.ModelCatalog;
import dev.quern.supplier.relay.CanarySettings;
import dev.quern.supplier.relay.RelayAccess;
import dev.quern.supplier.relay.RelayLimits;
import dev.quern.supplier.relay.RelaySettings;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The operator's own requests and relays on one device. */
@Timeout(300)
class TrafficTest {
  private static final String RELAY =
      completion("One", "\"max_tokens\":60,\"ignore_eos\":true,\"seed\":1");

  @Test
  void aServerThatIsWatchedTellsOfItsModelsWhileItIsReady(@TempDir Path cache) {
    try (TestServer server =
        TestServer.start(
            cache,
            TestServer.settings(),
            RelaySettings.defaults(),
            ServerLimits.of(TestServer.settings()),
            64,
            Map.of(),
            Optional.empty())) {
      for (String path : List.of("/health", "/v1/health", "/v1/version", "/v1/models")) {
        assertEquals(200, server.get(path).statusCode(), path);
      }
      assertEquals(1, TestServer.json(server.get("/v1/models").body()).path("data").size());
      assertTrue(server.get("/metrics").body().contains("quern:ready 1.0"));
    }
    try (SupplierServer empty =
        SupplierServer.start(TestServer.settings(), new ModelCatalog(List.of(), Map.of()))) {
      HttpRequest models =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + empty.port() + "/v1/models"))
              .build();
      try (HttpClient client = HttpClient.newHttpClient()) {
        HttpResponse<String> answer = client.send(models, HttpResponse.BodyHandlers.ofString());
        assertEquals("{\"object\":\"list\",\"data\":[]}", answer.body());
      } catch (IOException | InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  @Test
  void ownRequestsPassRelaysWhichKeepToTheirShareAndQueue(@TempDir Path cache) throws Exception {
    RelaySettings settings =
        new RelaySettings(
            RelayAccess.HEADER,
            100,
            RelayLimits.NONE,
            // 4 of the 16 sequences, and 6 more in the queue.
            new RelayShare(0.25, 6),
            OptionalInt.empty(),
            OptionalInt.empty(),
            Optional.empty(),
            CanarySettings.OFF);
    try (TestServer server =
        TestServer.start(
            cache,
            TestServer.settings(),
            settings,
            ServerLimits.of(TestServer.settings()),
            64,
            Map.of(),
            Optional.empty())) {
      List<CompletableFuture<HttpResponse<String>>> relays = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        HttpRequest relay =
            server
                .request(COMPLETIONS, "Pocket-Service", "text-generation")
                .POST(HttpRequest.BodyPublishers.ofString(RELAY))
                .build();
        relays.add(server.client.sendAsync(relay, HttpResponse.BodyHandlers.ofString()));
      }
      int mostRunning = 0;
      for (int i = 0; i < 5; i++) {
        // More than would fit the relays' queue: it is not theirs.
        String own = completion("Two", "\"max_tokens\":2,\"n\":12,\"seed\":1");
        assertEquals(200, server.post(COMPLETIONS, own).statusCode());
        EngineSnapshot now = server.model.engine().snapshot();
        mostRunning = Math.max(mostRunning, now.relaysRunning());
        assertTrue(now.relaysWaiting() <= 6, now.toString());
      }
      assertTrue(mostRunning <= 4, mostRunning + " relays ran together");
      int served = 0;
      int refused = 0;
      for (CompletableFuture<HttpResponse<String>> relay : relays) {
        int status = relay.get(240, TimeUnit.SECONDS).statusCode();
        served += status == 200 ? 1 : 0;
        refused += status == 429 ? 1 : 0;
      }
      assertEquals(40, served + refused);
      assertTrue(served >= 6, served + " relays were served");
      assertTrue(refused > 0, "the relays' queue has no end");
      server.awaitIdle();
      String metrics = server.get("/metrics").body();
      assertTrue(metrics.contains("quern:num_relays_running{model_name=\"demo\",} 0.0"), metrics);
      for (String traffic : List.of("own", "relay")) {
        assertTrue(
            metrics.contains(
                "quern:traffic_time_to_first_token_seconds_count{model_name=\"demo\",traffic=\""
                    + traffic
                    + "\",}"),
            metrics);
      }
    }
  }
}
