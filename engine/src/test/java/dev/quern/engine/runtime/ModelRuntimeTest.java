package dev.quern.engine.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.quern.cuda.CudaSettings;
import dev.quern.engine.generate.FinishReason;
import dev.quern.engine.generate.GenerationListener;
import dev.quern.engine.generate.GenerationRequest;
import dev.quern.engine.generate.GenerationStats;
import dev.quern.engine.generate.SampledToken;
import dev.quern.engine.generate.SamplingParameters;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.MemoryUse;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real small Llama from its folder to tokens, against what transformers computed. */
@Timeout(120)
class ModelRuntimeTest {
  private final Path folder;

  ModelRuntimeTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @Test
  void aFolderBecomesAModelThatAnswersAsTransformersDoes() throws Exception {
    prepare("llama");
    try (ModelRuntime runtime = new ModelRuntime()) {
      LoadedLanguageModel model = load(runtime, "tiny", "auto");
      assertEquals("tiny", model.id());
      assertEquals("LlamaForCausalLM", model.architecture());
      assertEquals(128, model.maxTokens());
      assertEquals(256, model.tokenizer().vocabularySize());
      assertEquals(Set.of(2), model.endOfSequenceTokens());
      assertTrue(model.chatTemplate().isEmpty());
      assertTrue(model.memory().getOrDefault("kv_cache", MemoryUse.NONE).allocatedBytes() > 0);
      JsonNode golden = golden();
      assertArrayEquals(
          ints(golden.get("greedy")), generate(model, ints(golden.get("prompt")), 32));
      // A second model takes turns on the same device.
      LoadedLanguageModel second = load(runtime, "again", "cpu");
      assertArrayEquals(
          ints(golden.get("greedy")), generate(second, ints(golden.get("prompt")), 32));
      model.close();
      assertArrayEquals(
          ints(golden.get("greedy")), generate(second, ints(golden.get("prompt")), 32));
    }
  }

  @Test
  void aGgufFileBecomesAModelWithItsTokenizerAndChatTemplate() throws Exception {
    Path file = Path.of(ModelRuntimeTest.class.getResource("/gguf/llama.gguf").toURI());
    JsonNode golden = new ObjectMapper().readTree(file.resolveSibling("llama.json").toFile());
    try (ModelRuntime runtime = new ModelRuntime()) {
      LoadedLanguageModel model =
          (LoadedLanguageModel) runtime.load("gguf", file, settings("cpu", OptionalLong.empty()));
      assertEquals("LlamaForCausalLM", model.architecture());
      assertEquals(Set.of(2), model.endOfSequenceTokens());
      assertEquals(256, model.tokenizer().vocabularySize());
      // <s>, then a blank and a, whose score is better than that of ab.
      assertArrayEquals(new int[] {1, 31, 5}, model.tokenizer().encode("ab", true));
      assertTrue(model.chatTemplate().isPresent());
      assertEquals(2, model.generationConfig().orElseThrow().at("/eos_token_id/0").intValue());
      assertArrayEquals(
          ints(golden.get("greedy")), generate(model, ints(golden.get("prompt")), 32));
    }
  }

  @Test
  void generationConfigNamesTheEndOfSequence() throws Exception {
    prepare("llama");
    Files.writeString(
        folder.resolve("generation_config.json"), "{\"eos_token_id\": [7, 9, 100000]}");
    try (ModelRuntime runtime = new ModelRuntime()) {
      LoadedLanguageModel model = load(runtime, "tiny", "cpu");
      assertEquals(Set.of(7, 9), model.endOfSequenceTokens());
    }
    Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": \"end\"}");
    try (ModelRuntime runtime = new ModelRuntime()) {
      QuernException error =
          assertThrows(
              QuernException.class,
              () -> runtime.load("tiny", folder, settings("cpu", OptionalLong.empty())));
      assertTrue(error.message().contains("eos_token_id"), error.message());
    }
  }

  @Test
  void whatIsNotThereSaysSo() throws Exception {
    prepare("llama");
    CudaSettings noDriver = new CudaSettings(folder.resolve("libcuda.so.1"), List.of());
    try (ModelRuntime runtime = new ModelRuntime(new GpuSettings(0.9, true, noDriver))) {
      QuernException cuda =
          assertThrows(
              QuernException.class,
              () -> runtime.load("tiny", folder, settings("cuda:0", OptionalLong.empty())));
      assertEquals(ErrorCategory.UNAVAILABLE, cuda.category());
      assertEquals("device", cuda.field());
      for (String part :
          List.of("--device cuda:0", "no NVIDIA driver", "install the driver", "--device cpu")) {
        assertTrue(cuda.message().contains(part), cuda.message());
      }
      assertFalse(cuda.message().contains("\n"), cuda.message());
      load(runtime, "elsewhere", "auto").close();
      QuernException unknown =
          assertThrows(
              QuernException.class,
              () -> runtime.load("tiny", folder, settings("tpu", OptionalLong.empty())));
      assertEquals("device", unknown.field());
      QuernException small =
          assertThrows(
              QuernException.class,
              () -> runtime.load("tiny", folder, settings("cpu", OptionalLong.of(1000))));
      assertEquals(ErrorCategory.OUT_OF_MEMORY, small.category());
      Files.delete(folder.resolve("tokenizer.json"));
      QuernException noTokenizer =
          assertThrows(
              QuernException.class,
              () -> runtime.load("tiny", folder, settings("cpu", OptionalLong.empty())));
      assertEquals(ErrorCategory.NOT_FOUND, noTokenizer.category());
    }
  }

  private LoadedLanguageModel load(ModelRuntime runtime, String id, String device) {
    return assertInstanceOf(
        LoadedLanguageModel.class,
        runtime.load(id, folder, settings(device, OptionalLong.empty())));
  }

  private static ModelSettings settings(String device, OptionalLong kvCacheBytes) {
    return new ModelSettings(
        device,
        Optional.of(DType.F32),
        OptionalInt.empty(),
        8,
        64,
        kvCacheBytes,
        100,
        OptionalInt.empty());
  }

  private static int[] generate(LoadedLanguageModel model, int[] prompt, int maxTokens)
      throws Exception {
    List<Integer> tokens = new ArrayList<>();
    CompletableFuture<List<Integer>> all = new CompletableFuture<>();
    model
        .engine()
        .submit(
            new GenerationRequest("test", prompt, greedy(maxTokens), 0, OptionalLong.empty(), ""),
            new GenerationListener() {
              @Override
              public void onStarted(int cachedTokens) {}

              @Override
              public void onPromptScored(List<SampledToken> scores) {}

              @Override
              public void onToken(SampledToken token) {
                tokens.add(token.tokenId());
              }

              @Override
              public void onFinished(FinishReason reason, GenerationStats stats) {
                all.complete(tokens);
              }

              @Override
              public void onFailed(QuernException error) {
                all.completeExceptionally(error);
              }
            });
    return all.get(60, TimeUnit.SECONDS).stream().mapToInt(Integer::intValue).toArray();
  }

  private static SamplingParameters greedy(int maxTokens) {
    return new SamplingParameters(
        0,
        0,
        1,
        0,
        1,
        0,
        0,
        Map.of(),
        Set.of(),
        List.of(),
        OptionalLong.empty(),
        maxTokens,
        0,
        Set.of(),
        -1,
        -1);
  }

  /** Copies a checkpoint and gives it a tokenizer of 256 made-up words. */
  private void prepare(String family) throws IOException, URISyntaxException {
    Path source =
        Path.of(
            Objects.requireNonNull(ModelRuntimeTest.class.getResource("/families/" + family))
                .toURI());
    try (var files = Files.list(source)) {
      for (Path file : files.toList()) {
        Files.copy(file, folder.resolve(file.getFileName()));
      }
    }
    StringBuilder words = new StringBuilder();
    for (int id = 0; id < 256; id++) {
      words.append(id == 0 ? "" : ",").append("\"w").append(id).append("\":").append(id);
    }
    Files.writeString(
        folder.resolve("tokenizer.json"),
        """
        {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
         "normalizer": null, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null,
         "decoder": null,
         "model": {"type": "WordLevel", "vocab": {%s}, "unk_token": "w0"}}
        """
            .formatted(words));
  }

  private JsonNode golden() throws IOException {
    return new ObjectMapper().readTree(folder.resolve("golden.json").toFile());
  }

  private static int[] ints(JsonNode array) {
    int[] values = new int[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).intValue();
    }
    return values;
  }
}
