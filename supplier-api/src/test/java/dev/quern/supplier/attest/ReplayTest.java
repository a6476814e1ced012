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

/** One server that serves a model, a model in bf16, and altered copies under names of their own. */
@Timeout(300)
class ReplayTest {
  private static final int CHALLENGES = 4;
  private static final long SEED = 11;

  private static ModelRuntime runtime;
  private static SupplierServer server;
  private static LoadedLanguageModel reference;

  @BeforeAll
  static void start(@TempDir Path folder) throws IOException {
    Path original = DemoModel.extract(folder.resolve("cache"));
    runtime = new ModelRuntime();
    reference = (LoadedLanguageModel) load("org/original", original, DType.F32);
    server =
        SupplierServer.start(
            new ServerSettings("127.0.0.1", 0, Set.of(), false, 10_000_000, 64, 5),
            RelaySettings.defaults(),
            Optional.of(SigningKey.generate(folder.resolve("key.pem"))),
            new ModelCatalog(
                List.of(
                    reference,
                    load("bf16", original, DType.BF16),
                    load(
                        "four-bits",
                        AlteredCheckpoint.quantised(original, folder.resolve("q4"), 4),
                        DType.F32),
                    load(
                        "eight-bits",
                        AlteredCheckpoint.quantised(original, folder.resolve("q8"), 8),
                        DType.F32),
                    load(
                        "perturbed",
                        AlteredCheckpoint.perturbed(original, folder.resolve("p"), 0.1),
                        DType.F32)),
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

  private static Agreement agreement(String model) {
    try (Endpoint endpoint = endpoint(model)) {
      return Replay.compare(reference, endpoint, CHALLENGES, SEED);
    }
  }

  @Test
  void theModelAgreesAndCheaperOnesDoNot() {
    Agreement same = agreement("org/original");
    Agreement otherType = agreement("bf16");
    Agreement fourBits = agreement("four-bits");
    Agreement eightBits = agreement("eight-bits");
    Agreement perturbed = agreement("perturbed");
    String all =
        "same %s, bf16 %s, four bits %s, eight bits %s, perturbed %s"
            .formatted(same, otherType, fourBits, eightBits, perturbed);
    assertTrue(same.within(0.001), all);
    assertEquals(1.0, same.sameLikeliest(), 0.01, all);
    assertTrue(otherType.within(Agreement.USUAL_TOLERANCE), all);
    assertFalse(eightBits.within(Agreement.USUAL_TOLERANCE), all);
    assertFalse(fourBits.within(10 * Agreement.USUAL_TOLERANCE), all);
    assertFalse(perturbed.within(10 * Agreement.USUAL_TOLERANCE), all);
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
      String digest = CheckpointManifest.compute(reference.folder()).digest();
      assertEquals(digest, attestation.stated("checkpoint_digest"));
      assertEquals("bf16", other.attestation().stated("dtype"));
      assertFalse(digest.equals(cheaper.attestation().stated("checkpoint_digest")));
    }
    try (Endpoint none = endpoint("no-such-model")) {
      assertTrue(assertThrows(QuernException.class, none::attestation).message().contains("404"));
    }
  }
}
