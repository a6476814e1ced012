package dev.quern.supplier.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.quern.engine.runtime.ModelRuntime;
import dev.quern.engine.runtime.ModelSettings;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.text.FastTokenizer;
import dev.quern.engine.text.Tokenizer;
import dev.quern.store.hub.CheckpointManifest;
import dev.quern.supplier.ModelCatalog;
import dev.quern.supplier.attest.Attestation;
import dev.quern.supplier.attest.SigningKey;
import dev.quern.supplier.relay.RelaySettings;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Identity and evidence of a model that is served from a GGUF file, in a folder with other models'.
 */
@Timeout(300)
class GgufRoutesTest {
  private static final String NAME = "pocket_network";
  private static final Path GGUF =
      Path.of("..", "engine", "src", "test", "resources", "gguf").toAbsolutePath();

  private static ModelRuntime runtime;
  private static SupplierServer server;
  private static Path file;

  @BeforeAll
  static void start(@TempDir Path folder) throws IOException {
    Path models = Files.createDirectory(folder.resolve("models"));
    file = Files.copy(GGUF.resolve("llama-quantised.gguf"), models.resolve("served.gguf"));
    Files.copy(GGUF.resolve("qwen3.gguf"), models.resolve("other.gguf"));
    Files.writeString(models.resolve("config.json"), "{\"model_type\": \"of another model\"}");
    runtime = new ModelRuntime();
    server =
        SupplierServer.start(
            TestServer.settings(),
            RelaySettings.defaults(),
            Optional.of(SigningKey.generate(folder.resolve("key.pem"))),
            new ModelCatalog(
                List.of(runtime.load("served", file, settings())), Map.of(NAME, "served")));
  }

  private static ModelSettings settings() {
    return new ModelSettings(
        "cpu",
        Optional.of(DType.F32),
        OptionalInt.of(64),
        4,
        64,
        OptionalLong.of(4 << 20),
        16,
        OptionalInt.of(2));
  }

  @AfterAll
  static void stop() {
    server.close();
    runtime.close();
  }

  private static HttpResponse<String> get(String path) throws IOException, InterruptedException {
    URI uri = URI.create("http://127.0.0.1:" + server.port() + path);
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    }
  }

  private static JsonNode ok(String path) throws IOException, InterruptedException {
    HttpResponse<String> answer = get(path);
    assertEquals(200, answer.statusCode(), answer.body());
    return TestServer.json(answer.body());
  }

  @Test
  void configIsThatOfTheMetadata() throws Exception {
    JsonNode config = ok("/pokt/config");
    assertEquals("llama", config.at("/config/model_type").asText());
    assertEquals("Unknown", config.at("/config/_name_or_path").asText());
    assertEquals("LlamaForCausalLM", config.at("/config/architectures/0").asText());
    assertTrue(config.at("/config/rms_norm_eps").isNumber(), config.toString());
    assertEquals(NAME, config.path("model_public_name").asText());
    assertEquals("64", config.path("max_position_embeddings").textValue());
    assertFalse(config.toString().contains("served"), config.toString());
  }

  @Test
  void tokenizerIsWholeAndTokenizesAlike(@TempDir Path folder) throws Exception {
    JsonNode tokenizer = ok("/v1/pokt/tokenizer");
    assertEquals(
        List.of("special_tokens_map", "tokenizer", "tokenizer_config"),
        tokenizer.properties().stream().map(Map.Entry::getKey).toList());
    // Testers read it with int(...): a file that states none has what transformers writes then.
    assertEquals(
        "1000000000000000019884624838656",
        tokenizer.at("/tokenizer_config/model_max_length").textValue());
    assertTrue(tokenizer.at("/tokenizer_config/chat_template").isTextual());
    // What testers load is what the model was asked with.
    Files.writeString(folder.resolve("tokenizer.json"), tokenizer.path("tokenizer").toString());
    try (Tokenizer read = FastTokenizer.load(folder)) {
      JsonNode served = post("/tokenize", "{\"model\":\"" + NAME + "\",\"prompt\":\"ab ba\"}");
      assertEquals(
          served.path("tokens"), new ObjectMapper().valueToTree(read.encode("ab ba", true)));
    }
  }

  private static JsonNode post(String path, String body) throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + server.port() + path);
    try (HttpClient client = HttpClient.newHttpClient()) {
      return TestServer.json(
          client
              .send(
                  HttpRequest.newBuilder(uri)
                      .POST(HttpRequest.BodyPublishers.ofString(body))
                      .build(),
                  HttpResponse.BodyHandlers.ofString())
              .body());
    }
  }

  @Test
  void hashesAreThoseOfTheAnswers() throws Exception {
    for (String part : List.of("tokenizer", "config")) {
      byte[] whole = get("/pokt/" + part).body().getBytes(StandardCharsets.US_ASCII);
      String hash = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(whole));
      assertEquals(hash, ok("/pokt/" + part + "-hash").path("hash").asText());
    }
  }

  /** The digest is of the file served: what else lies in its folder is nobody's business. */
  @Test
  void evidenceIsOfTheFileAlone() throws Exception {
    CheckpointManifest manifest = CheckpointManifest.compute(file);
    assertEquals(List.of("served.gguf"), manifest.files().stream().map(f -> f.file()).toList());
    assertEquals(manifest.digest(), ok("/pokt/config").path("checkpoint_digest").asText());
    assertEquals(manifest.digest(), ok("/v1/models/" + NAME).path("checkpoint_digest").asText());
    Attestation attestation = Attestation.read(get("/v1/models/" + NAME + "/attestation").body());
    assertTrue(attestation.signatureHolds());
    assertEquals(manifest.digest(), attestation.stated("checkpoint_digest"));
    assertEquals("f32", attestation.stated("dtype"));
    assertFalse(attestation.stated("quantisation").equals("none"), attestation.toString());
    assertTrue(
        attestation.stated("quantisation").contains("q4_k"), attestation.stated("quantisation"));
  }
}
