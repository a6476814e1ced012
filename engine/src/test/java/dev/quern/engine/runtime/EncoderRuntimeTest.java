package dev.quern.engine.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.engine.embed.EncoderText;
import dev.quern.engine.embed.EncodingListener;
import dev.quern.engine.embed.EncodingRequest;
import dev.quern.engine.embed.EncodingResult;
import dev.quern.engine.embed.Truncation;
import dev.quern.engine.model.EncoderTask;
import dev.quern.engine.model.TextEncoders;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.text.EncodedText;
import dev.quern.store.Checkpoint;
import dev.quern.store.QuernException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Encoders from their folders to what the reference libraries computed for the same texts. */
@Timeout(120)
class EncoderRuntimeTest {
  private static ModelRuntime runtime;

  @BeforeAll
  static void open() {
    runtime = new ModelRuntime();
  }

  @AfterAll
  static void close() {
    runtime.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bert-mean",
        "bert-unpooled-prompt",
        "bert-classes",
        "bert-cross",
        "roberta",
        "xlm-roberta",
        "xlm-roberta-cross",
        "distilbert",
        "mpnet",
        "nomic-bert",
        "modernbert",
        "qwen3-embedding",
        "embedding-gemma"
      })
  void textsGiveWhatTheReferenceGives(String name) throws Exception {
    LoadedEncoder model = load(name, ModelSettings.defaults().encoder());
    JsonNode golden =
        new ObjectMapper().readTree(Files.readString(folder(name).resolve("golden.json")));
    assertTrue(golden.path("inputs").size() >= 4);
    for (int i = 0; i < golden.path("inputs").size(); i++) {
      JsonNode input = golden.path("inputs").get(i);
      EncodingResult result = encode(model, request(input, model));
      assertEquals(input.path("ids").size(), result.totalTokens());
      JsonNode expected = golden.path("outputs").get(i);
      float[] actual = result.rows()[0];
      assertEquals(expected.size(), actual.length);
      for (int j = 0; j < actual.length; j++) {
        double value = expected.get(j).doubleValue();
        assertEquals(value, actual[j], 1e-4 * Math.max(1, Math.abs(value)), name + " " + i);
      }
    }
    model.close();
  }

  @Test
  void aLanguageModelIsWhatItsFilesSayOrTheOperator(@TempDir Path silent) throws Exception {
    LoadedEncoder stated = load("qwen3-reranker", EncoderOptions.defaults());
    assertEquals(EncoderTask.RERANKING, stated.description().task());
    try (var files = Files.list(folder("qwen3-reranker"))) {
      for (Path file : files.toList()) {
        Files.copy(file, silent.resolve(file.getFileName()));
      }
    }
    ObjectMapper json = new ObjectMapper();
    ObjectNode config = (ObjectNode) json.readTree(silent.resolve("config.json").toFile());
    config.remove(List.of("classifier_from_token", "is_original_qwen3_reranker"));
    json.writeValue(silent.resolve("config.json").toFile(), config);

    // Its name may say so, which is told to the operator and decides nothing.
    Checkpoint unmarked = Checkpoint.open(silent);
    assertEquals(
        Optional.of(EncoderTask.RERANKING),
        TextEncoders.hintedBy("Qwen/Qwen3-Reranker-0.6B", unmarked));
    assertEquals(
        Optional.of(EncoderTask.EMBEDDING), TextEncoders.hintedBy("my-embedder", unmarked));
    assertEquals(Optional.empty(), TextEncoders.hintedBy("Qwen/Qwen3-0.6B", unmarked));
    assertEquals(
        Optional.empty(),
        TextEncoders.hintedBy("Qwen3-Reranker", Checkpoint.open(folder("qwen3-reranker"))));

    LoadedModel generates = runtime.load("silent", silent, settings(EncoderOptions.defaults()));
    assertInstanceOf(LoadedLanguageModel.class, generates);
    LoadedEncoder told =
        assertInstanceOf(
            LoadedEncoder.class,
            runtime.load(
                "told",
                silent,
                settings(EncoderOptions.defaults().withTask(EncoderTask.RERANKING))));
    EncodingRequest pair =
        request(new EncoderText.Pair("which stone turns?", "the upper one"), Optional.empty());
    assertArrayEquals(encode(stated, pair).rows(), encode(told, pair).rows());
    stated.close();
    generates.close();
    told.close();
  }

  /** A golden's text has its prompt before it, and was cut where it was too long. */
  private static EncodingRequest request(JsonNode input, LoadedEncoder model) {
    String text = input.path("text").textValue();
    if (input.has("pair")) {
      return request(new EncoderText.Pair(text, input.path("pair").textValue()), Optional.empty());
    }
    for (Map.Entry<String, String> prompt : model.description().prompts().entrySet()) {
      if (!prompt.getValue().isEmpty() && text.startsWith(prompt.getValue())) {
        String own = text.substring(prompt.getValue().length());
        return request(new EncoderText.Text(own), Optional.of(prompt.getKey()));
      }
    }
    return request(new EncoderText.Text(text), Optional.empty());
  }

  private static EncodingRequest request(EncoderText text, Optional<String> prompt) {
    return new EncodingRequest(
        "texts", List.of(text), prompt, Truncation.at(EncodedText.Side.END), 0, () -> false);
  }

  private static EncodingResult encode(LoadedEncoder model, EncodingRequest request)
      throws Exception {
    CompletableFuture<EncodingResult> result = new CompletableFuture<>();
    model
        .engine()
        .submit(
            request,
            new EncodingListener() {
              @Override
              public void onFinished(EncodingResult finished) {
                result.complete(finished);
              }

              @Override
              public void onFailed(QuernException error) {
                result.completeExceptionally(error);
              }
            });
    return result.get(60, TimeUnit.SECONDS);
  }

  private static LoadedEncoder load(String name, EncoderOptions options) throws URISyntaxException {
    return assertInstanceOf(
        LoadedEncoder.class, runtime.load(name, folder(name), settings(options)));
  }

  private static ModelSettings settings(EncoderOptions options) {
    return new ModelSettings(
            "cpu",
            Optional.of(DType.F32),
            OptionalInt.empty(),
            8,
            64,
            OptionalLong.of(16 << 20),
            100,
            OptionalInt.empty())
        .withEncoder(options);
  }

  private static Path folder(String name) throws URISyntaxException {
    return Path.of(
        Objects.requireNonNull(EncoderRuntimeTest.class.getResource("/encoders/" + name)).toURI());
  }
}
