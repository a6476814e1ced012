package dev.quern.supplier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.engine.runtime.LoadedModel;
import dev.quern.engine.runtime.ModelRuntime;
import dev.quern.engine.runtime.ModelSettings;
import dev.quern.engine.tensor.DType;
import dev.quern.store.DemoModel;
import dev.quern.supplier.ModelCatalog;
import dev.quern.supplier.attest.SigningKey;
import dev.quern.supplier.http.ServerSettings;
import dev.quern.supplier.http.SupplierServer;
import dev.quern.supplier.relay.RelaySettings;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code attest} and {@code check} as an operator calls them, against a server of this process. */
@Timeout(300)
class AttestCommandTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int run(String... line) {
    out.reset();
    err.reset();
    Console console =
        new Console(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            new BufferedReader(new StringReader("")),
            Map.of(),
            false,
            Optional::empty);
    return new CommandLine(Quern.commands(), console).run(List.of(line));
  }

  private String said() {
    return out.toString(StandardCharsets.UTF_8) + err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void aServersStatementIsVerifiedAndItsModelCompared(@TempDir Path folder) throws Exception {
    Path key = folder.resolve("key.pem");
    assertEquals(0, run("attest", "keygen", key.toString()), this::said);
    String publicKey = out.toString(StandardCharsets.UTF_8).strip();
    assertEquals(SigningKey.read(key).publicKeyText(), publicKey);
    Path model = DemoModel.extract(folder.resolve("cache"));
    try (ModelRuntime runtime = new ModelRuntime();
        SupplierServer server = serve(runtime.load("demo", model, settings()), key)) {
      String url = "http://127.0.0.1:" + server.port();
      String[] verify = {
        "attest",
        "verify",
        url,
        "--name",
        "demo",
        "--weights",
        model.toString(),
        "--public-key",
        publicKey,
        "--challenges",
        "2"
      };
      assertEquals(0, run(verify), this::said);
      assertEquals(4, said().lines().filter(line -> line.contains(" pass")).count(), this::said);
      assertTrue(said().contains("nats from the weights in f32"), this::said);
      // What the statement does not say may be taken from the command line.
      String[] asBf16 = Arrays.copyOf(verify, verify.length + 2);
      asBf16[verify.length] = "--dtype";
      asBf16[verify.length + 1] = "bf16";
      assertEquals(0, run(asBf16), this::said);
      assertTrue(said().contains("0.00 times as far from the weights in f32"), this::said);
      Path other = copy(model, folder.resolve("other"));
      Files.writeString(other.resolve("added.txt"), "");
      assertEquals(
          1, run("attest", "verify", statement(url, folder), "--weights", other.toString()));
      assertTrue(said().contains("Digest     FAIL"), this::said);
      assertEquals(0, run("attest", "verify", statement(url, folder)), this::said);
      assertEquals(1, run("attest", "verify", url, "--name", "demo", "--public-key", "other"));
      // Not a relay's answers: this server was not told to take keyless requests for relays.
      assertEquals(1, run("check", url, "--profile", "path", "--name", "demo", "--json"));
      assertTrue(said().contains("\"check\" : \"first-bytes\""), this::said);
      assertEquals(
          0,
          run("check", url, "--profile", "path", "--name", "demo", "--pocket-headers"),
          this::said);
      assertTrue(said().contains("checks passed"), this::said);
    }
    assertEquals(2, run("check"));
    assertEquals(2, run("check", "ftp://x"));
    assertEquals(2, run("attest", "verify"));
  }

  private static Path copy(Path model, Path folder) throws IOException {
    Files.createDirectory(folder);
    try (Stream<Path> files = Files.list(model)) {
      for (Path file : files.toList()) {
        Files.copy(file, folder.resolve(file.getFileName()));
      }
    }
    return folder;
  }

  private static String statement(String url, Path folder) throws Exception {
    Path file = folder.resolve("attestation.json");
    try (java.net.http.HttpClient client = java.net.http.HttpClient.newHttpClient()) {
      Files.write(
          file,
          client
              .send(
                  java.net.http.HttpRequest.newBuilder(
                          java.net.URI.create(url + "/v1/models/demo/attestation"))
                      .build(),
                  java.net.http.HttpResponse.BodyHandlers.ofByteArray())
              .body());
    }
    return file.toString();
  }

  private static SupplierServer serve(LoadedModel model, Path key) {
    return SupplierServer.start(
        new ServerSettings("127.0.0.1", 0, Set.of(), false, 10_000_000, 64, 5),
        RelaySettings.defaults(),
        Optional.of(SigningKey.read(key)),
        new ModelCatalog(List.of(model), Map.of()));
  }

  private static ModelSettings settings() {
    return new ModelSettings(
        "cpu",
        Optional.of(DType.F32),
        OptionalInt.of(512),
        8,
        256,
        OptionalLong.of(16 << 20),
        16,
        OptionalInt.of(2));
  }
}
