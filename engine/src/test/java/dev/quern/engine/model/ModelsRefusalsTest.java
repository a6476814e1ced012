package dev.quern.engine.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.torch.TorchBackend;
import dev.quern.store.Checkpoint;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Checkpoints that cannot be loaded: each error names the file, what is wrong and what to do. */
class ModelsRefusalsTest {
  private static Backend backend;
  private final Path folder;

  ModelsRefusalsTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @BeforeAll
  static void open() {
    backend = TorchBackend.open(1);
  }

  @AfterAll
  static void close() {
    backend.close();
  }

  /** Checkpoint, changes to its configuration, and what the message must say. */
  static Stream<Arguments> configurations() {
    return Stream.of(
        arguments(
            "gemma3",
            "{'architectures':['Gemma3ForConditionalGeneration']}",
            List.of(
                "names Gemma3ForConditionalGeneration, which is not supported: Gemma2ForCausalLM,"
                    + " Gemma3ForCausalLM, LlamaForCausalLM")),
        arguments(
            "llama",
            "{'quantization_config':{'quant_method':'gptq'}}",
            List.of("quantization_config (gptq) is not supported: use the model's bf16")),
        arguments("llama", "{'hidden_size':null}", List.of("hidden_size is missing")),
        arguments(
            "llama",
            "{'hidden_size':'64'}",
            List.of("hidden_size must be a whole number above 0, not \"64\"")),
        arguments(
            "llama",
            "{'num_hidden_layers':0}",
            List.of("num_hidden_layers must be a whole number above 0, not 0")),
        arguments(
            "llama",
            "{'num_hidden_layers':1e30}",
            List.of("num_hidden_layers must be a whole number")),
        arguments(
            "llama",
            "{'num_hidden_layers':3}",
            List.of("no tensor 'model.layers.2.self_attn.q_proj.weight'")),
        arguments(
            "llama",
            "{'num_key_value_heads':3}",
            List.of("num_key_value_heads is 3, which does not divide num_attention_heads 4")),
        arguments(
            "llama",
            "{'num_attention_heads':6,'num_key_value_heads':2,'head_dim':null}",
            List.of("num_attention_heads is 6, which does not divide hidden_size 64")),
        arguments(
            "llama",
            "{'rms_norm_eps':-1}",
            List.of("rms_norm_eps must be a number above 0, not -1")),
        arguments(
            "llama",
            "{'tie_word_embeddings':'yes'}",
            List.of("tie_word_embeddings must be true or false, not \"yes\"")),
        arguments("llama", "{'hidden_act':'relu2'}", List.of("hidden_act is 'relu2'")),
        arguments("llama", "{'head_dim':5}", List.of("rotates 5 of head_dim 5")),
        arguments(
            "llama",
            "{'intermediate_size':81}",
            List.of(
                "tensor 'model.layers.0.mlp.gate_proj.weight' in ",
                "model.safetensors has shape [80, 64], but config.json asks for [81, 64]")),
        arguments(
            "llama",
            "{'vocab_size':300}",
            List.of("'model.embed_tokens.weight'", "asks for [300, 64]")),
        arguments(
            "llama",
            "{'attention_bias':true}",
            List.of("no tensor 'model.layers.0.self_attn.q_proj.bias'")),
        arguments(
            "llama",
            "{'rope_parameters':{'rope_type':'mrope'}}",
            List.of("rope_parameters.rope_type is 'mrope'")),
        arguments(
            "llama",
            "{'rope_scaling':{'type':'linear'}}",
            List.of("rope_scaling.factor is missing")),
        arguments(
            "llama",
            "{'rope_scaling':{'type':'linear','factor':0.5}}",
            List.of("rope_scaling.factor must be at least 1")),
        arguments(
            "llama", "{'rope_scaling':[1]}", List.of("rope_scaling must be an object, not [1]")),
        arguments(
            "llama3",
            "{'rope_parameters':{'rope_type':'llama3','factor':8,'low_freq_factor':4,'high_freq_factor':1}}",
            List.of("rope_parameters.low_freq_factor must be below")),
        arguments(
            "phi3-longrope-short",
            "{'partial_rotary_factor':0.5}",
            List.of("rope_scaling.short_factor has 8 numbers for 4 rotated pairs")),
        arguments(
            "phi3-longrope-short",
            "{'partial_rotary_factor':1.5}",
            List.of("partial_rotary_factor of 1.5")),
        arguments(
            "qwen3",
            "{'layer_types':['full_attention']}",
            List.of("layer_types has 1 entries for num_hidden_layers 3")),
        arguments(
            "gemma2",
            "{'layer_types':['full_attention','chunked_attention']}",
            List.of("layer_types holds 'chunked_attention'")),
        arguments(
            "gemma3",
            "{'use_bidirectional_attention':true}",
            List.of("use_bidirectional_attention is true")),
        arguments(
            "mixtral",
            "{'num_experts_per_tok':5}",
            List.of("num_experts_per_tok is 5 of 4 experts")),
        arguments("mixtral", "{'num_local_experts':5}", List.of("asks for [5, 64]")),
        arguments(
            "qwen3-moe",
            "{'mlp_only_layers':[-1]}",
            List.of("mlp_only_layers must be whole numbers from 0")));
  }

  @ParameterizedTest
  @MethodSource("configurations")
  void configurationIsRefused(String name, String changes, List<String> said) throws IOException {
    copy(name);
    Path file = folder.resolve("config.json");
    ObjectNode config = (ObjectNode) new JsonMapper().readTree(file.toFile());
    config.setAll((ObjectNode) new JsonMapper().readTree(changes.replace('\'', '"')));
    Files.writeString(file, config.toString());
    String message = refusal(LoadOptions.defaults());
    assertTrue(message.contains(folder.toString()), message);
    for (String part : said) {
      assertTrue(message.contains(part), message);
    }
  }

  @Test
  void missingTensorIsNamed() throws IOException {
    copy("llama");
    Path file = folder.resolve("model.safetensors");
    // ISO 8859-1 keeps every byte.
    String bytes = Files.readString(file, StandardCharsets.ISO_8859_1);
    String renamed = bytes.replace("\"model.norm.weight\"", "\"model.morn.weight\"");
    Files.writeString(file, renamed, StandardCharsets.ISO_8859_1);
    String message = refusal(LoadOptions.defaults());
    assertTrue(message.contains("no tensor 'model.norm.weight' in " + file), message);
  }

  @Test
  void contextBeyondThePositionsIsRefused() throws IOException {
    copy("llama");
    String message = refusal(LoadOptions.defaults().withContextLength(129));
    assertTrue(message.contains("config.json: max_position_embeddings is 128"), message);
    assertTrue(message.contains("a context of 129"), message);
    Checkpoint checkpoint = Checkpoint.open(folder);
    LoadOptions longest = LoadOptions.defaults().withContextLength(128);
    try (CausalModel model = Models.load(checkpoint, backend, longest)) {
      assertEquals(128, model.maxContextLength());
    }
  }

  private String refusal(LoadOptions options) {
    Checkpoint checkpoint = Checkpoint.open(folder);
    QuernException refusal =
        assertThrows(QuernException.class, () -> Models.load(checkpoint, backend, options));
    assertEquals(ErrorCategory.BAD_REQUEST, refusal.category());
    return refusal.message();
  }

  private void copy(String name) throws IOException {
    for (String file : List.of("config.json", "model.safetensors")) {
      Files.copy(Golden.families().resolve(name).resolve(file), folder.resolve(file));
    }
  }
}
