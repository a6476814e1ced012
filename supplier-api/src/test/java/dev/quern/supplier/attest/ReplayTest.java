package dev.quern.supplier.attest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.engine.runtime.LoadedLanguageModel;
import dev.quern.engine.runtime.LoadedModel;
import dev.quern.engine.runtime.ModelRuntime;
import dev.quern.engine.runtime.ModelSettings;
import dev.quern.engine.tensor.DType;
import dev.quern.store.DemoModel;
import dev.quern.store.QuernException;
import dev.quern.store.hub.CheckpointManifest;
import dev.quern.supplier.ModelCatalog;
import dev.quern.supplier.http.ServerSettings;
import dev.quern.supplier.http.SupplierServer;
import dev.quern.supplier.relay.RelaySettings;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One server that serves a model, the model in other dtypes, and altered copies under names of
 * their own. {@code -Dquern.attest.seeds=N} draws challenges N times and prints the ratios.
 */
@Timeout(1200)
class ReplayTest {
  /** As by default: 2,016 tokens. */
  private static final int CHALLENGES = 32;

  private static final int SEEDS = Integer.getInteger("quern.attest.seeds", 1);

  private static ModelRuntime runtime;
  private static SupplierServer server;
  private static LoadedLanguageModel exact;
  private static List<Drawn> drawn;

  /** Challenges, and how the weights at hand score them. */
  private record Drawn(Replay replay, List<TokenScore> exact, List<TokenScore> bf16) {}

  @BeforeAll
  static void start(@TempDir Path folder) throws IOException {
    Path original = DemoModel.extract(folder.resolve("cache"));
    runtime = new ModelRuntime();
    exact = (LoadedLanguageModel) load("org/original", original, DType.F32);
    LoadedLanguageModel bf16 = (LoadedLanguageModel) load("bf16", original, DType.BF16);
    drawn = new ArrayList<>();
    for (int seed = 0; seed < SEEDS; seed++) {
      Replay replay = Replay.draw(exact, CHALLENGES, seed);
      drawn.add(new Drawn(replay, replay.scores(exact), replay.scores(bf16)));
    }
    Path eightBits = AlteredCheckpoint.quantised(original, folder.resolve("q8"), 8);
    Path fourBits = AlteredCheckpoint.quantised(original, folder.resolve("q4"), 4);
    Path fourBitBlocks = AlteredCheckpoint.quantisedInBlocks(original, folder.resolve("b4"), 4);
    Path perturbed = AlteredCheckpoint.perturbed(original, folder.resolve("p"), 0.01);
    server =
        SupplierServer.start(
            new ServerSettings("127.0.0.1", 0, Set.of(), false, 10_000_000, 64, 5),
            RelaySettings.defaults(),
            Optional.of(SigningKey.generate(folder.resolve("key.pem"))),
            new ModelCatalog(
                List.of(
                    exact,
                    bf16,
                    load("fp16", original, DType.F16),
                    load("eight-bits", eightBits, DType.BF16),
                    load("eight-bits-fp32", eightBits, DType.F32),
                    load("four-bits", fourBits, DType.BF16),
                    load("four-bit-blocks", fourBitBlocks, DType.BF16),
                    load("perturbed", perturbed, DType.BF16),
                    load("perturbed-fp32", perturbed, DType.F32)),
                Map.of()));
  }

  private static LoadedModel load(String name, Path folder, DType dtype) {
    return runtime.load(
        name,
        folder,
        new ModelSettings(
            "cpu",
            Optional.of(dtype),
            OptionalInt.of(256),
            4,
            256,
            OptionalLong.of(16 << 20),
            16,
            OptionalInt.of(2)));
  }

  @AfterAll
  static void stop() {
    server.close();
    runtime.close();
  }

  private static Endpoint endpoint(String model) {
    return new Endpoint(URI.create("http://127.0.0.1:" + server.port()), model, Optional.empty());
  }

  private static void assertJudged(boolean taken, DType stated, String model) {
    for (Drawn challenges : drawn) {
      try (Endpoint endpoint = endpoint(model)) {
        Agreement found =
            Agreement.of(
                challenges.exact(),
                stated == DType.F32 ? challenges.exact() : challenges.bf16(),
                challenges.replay().scores(endpoint));
        if (SEEDS > 1) {
          System.out.println(stated + " stated, " + model + " served: " + found);
        }
        assertEquals(taken, found.within(Agreement.USUAL_TOLERANCE), model + ": " + found);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bf16", "fp16", "org/original"})
  void theModelIsTakenForItself(String model) {
    assertJudged(true, DType.BF16, model);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "eight-bits",
        "eight-bits-fp32",
        "four-bits",
        "four-bit-blocks",
        "perturbed",
        "perturbed-fp32"
      })
  void cheaperOnesAreNot(String model) {
    assertJudged(false, DType.BF16, model);
  }

  @Test
  void whoStatesFp32MustComputeInIt() {
    assertJudged(true, DType.F32, "org/original");
    assertJudged(false, DType.F32, "bf16");
    assertJudged(false, DType.F32, "eight-bits-fp32");
  }

  @Test
  void theStatementIsSignedAndNamesWhatIsServed() {
    try (Endpoint endpoint = endpoint("org/original");
        Endpoint other = endpoint("bf16");
        Endpoint cheaper = endpoint("four-bits")) {
      Attestation attestation = endpoint.attestation();
      assertTrue(attestation.signatureHolds());
      assertEquals("org/original", attestation.stated("model"));
      assertEquals("f32", attestation.stated("dtype"));
      assertEquals("none", attestation.stated("quantisation"));
      String digest = CheckpointManifest.compute(exact.path()).digest();
      assertEquals(digest, attestation.stated("checkpoint_digest"));
      assertEquals("bf16", other.attestation().stated("dtype"));
      assertFalse(digest.equals(cheaper.attestation().stated("checkpoint_digest")));
    }
    try (Endpoint none = endpoint("no-such-model")) {
      assertTrue(assertThrows(QuernException.class, none::attestation).message().contains("404"));
    }
  }
}
