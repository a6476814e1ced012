package dev.quern.store.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quern.store.Checkpoint;
import dev.quern.store.CheckpointSummary;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import dev.quern.store.StoredForm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GgufCheckpointTest {
  private final Path folder;

  GgufCheckpointTest(@TempDir Path folder) {
    this.folder = folder;
  }

  private static GgufWriter model(String name) {
    return new GgufWriter()
        .text("general.architecture", name)
        .uint32(name + ".block_count", 2)
        .uint32(name + ".context_length", 64)
        .uint32(name + ".embedding_length", 8)
        .uint32(name + ".feed_forward_length", 4)
        .uint32(name + ".attention.head_count", 2)
        .float32(name + ".attention.layer_norm_rms_epsilon", 1e-6f);
  }

  private Checkpoint open(GgufWriter writer) throws IOException {
    return Checkpoint.open(Files.write(folder.resolve("m.gguf"), writer.bytes()));
  }

  private void assertRefused(String message, GgufWriter writer) {
    QuernException error =
        assertThrows(
            QuernException.class,
            () -> {
              Checkpoint checkpoint = open(writer);
              checkpoint.files().read("tokenizer.json", Long.MAX_VALUE);
            });
    assertEquals(ErrorCategory.BAD_REQUEST, error.category());
    assertTrue(error.message().contains(message), error.message());
    assertTrue(error.message().contains("m.gguf"), error.message());
  }

  @Test
  void aLlamaIsNamedAndConfiguredAsInTheHuggingFaceLayout() throws IOException {
    Checkpoint checkpoint =
        open(
            model("llama")
                .text("general.license", "apache-2.0")
                .float32("llama.rope.freq_base", 500_000)
                .tensor("token_embd.weight", 0, 96, 8, 3)
                .tensor("blk.1.attn_q.weight", 0, 256, 8, 8)
                .tensor("blk.1.ffn_norm.weight", 0, 32, 8));
    JsonNode config = checkpoint.config();
    assertEquals("LlamaForCausalLM", checkpoint.architecture());
    assertEquals(2, config.get("num_hidden_layers").intValue());
    assertEquals(2, config.get("num_key_value_heads").intValue());
    assertEquals(4, config.get("head_dim").intValue());
    assertEquals(3, config.get("vocab_size").intValue());
    assertEquals(1e-6, config.get("rms_norm_eps").doubleValue());
    assertEquals(500_000, config.get("rope_theta").doubleValue());
    assertTrue(config.get("tie_word_embeddings").booleanValue());
    assertEquals(
        new StoredForm.InterleavedHeads(2),
        checkpoint.tensor("model.layers.1.self_attn.q_proj.weight").form());
    assertEquals(
        StoredForm.AS_IS,
        checkpoint.tensor("model.layers.1.post_attention_layernorm.weight").form());
    assertEquals(Optional.of("apache-2.0"), CheckpointSummary.of(checkpoint).licence());
    assertEquals(folder, checkpoint.folder());
  }

  @Test
  void gemmasNormsAreShiftedBackAndNamedByItsOwnOrder() throws IOException {
    Checkpoint checkpoint =
        open(
            model("gemma3")
                .uint32("gemma3.attention.sliding_window", 16)
                .tensor("blk.0.ffn_norm.weight", 0, 32, 8)
                .tensor("blk.0.post_ffw_norm.weight", 0, 32, 8)
                .tensor("blk.0.ffn_up.weight", 0, 32, 8));
    assertEquals(
        new StoredForm.Shifted(-1),
        checkpoint.tensor("model.layers.0.pre_feedforward_layernorm.weight").form());
    assertTrue(checkpoint.has("model.layers.0.post_feedforward_layernorm.weight"));
    assertEquals(StoredForm.AS_IS, checkpoint.tensor("model.layers.0.mlp.up_proj.weight").form());
    assertEquals(6, checkpoint.config().get("sliding_window_pattern").intValue());
  }

  @Test
  void expertsAreCutOutOfTheirStack() throws IOException {
    Checkpoint checkpoint =
        open(
            model("llama")
                .uint32("llama.expert_count", 3)
                .uint32("llama.expert_used_count", 2)
                .tensor("blk.0.ffn_up_exps.weight", 0, 96, 2, 4, 3));
    var first = checkpoint.tensor("model.layers.0.block_sparse_moe.experts.0.w3.weight");
    var last = checkpoint.tensor("model.layers.0.block_sparse_moe.experts.2.w3.weight");
    assertEquals("MixtralForCausalLM", checkpoint.architecture());
    assertEquals(List.of(4L, 2L), last.shape());
    assertEquals(first.offset() + 64, last.offset());
  }

  @Test
  void endsAndSamplingComeFromTheMetadata() throws IOException {
    JsonNode generation =
        open(model("qwen2")
                .uint32("tokenizer.ggml.eos_token_id", 2)
                .float32("general.sampling.temp", 0.7f)
                .texts("tokenizer.ggml.tokens", List.of("a", "<|im_end|>", "</s>", "<|end|>"))
                .int32s("tokenizer.ggml.token_type", 1, 3, 3, 1))
            .generationConfig()
            .orElseThrow();
    // A token that is only spelled like an end of turn is none.
    assertEquals("[1,2]", generation.get("eos_token_id").toString());
    assertEquals(0.7, generation.get("temperature").doubleValue());
  }

  @Test
  void partsAreReadAsOne() throws IOException {
    byte[] first =
        model("llama")
            .raw("split.count", 2, new byte[] {2, 0})
            .tensor("output.weight", 0, 32, 8)
            .bytes();
    byte[] second =
        new GgufWriter()
            .raw("split.count", 2, new byte[] {2, 0})
            .tensor("output_norm.weight", 0, 32, 8)
            .bytes();
    Path one = Files.write(folder.resolve("m-00001-of-00002.gguf"), first);
    QuernException absent = assertThrows(QuernException.class, () -> Checkpoint.open(one));
    assertEquals(ErrorCategory.NOT_FOUND, absent.category());
    Path two = Files.write(folder.resolve("m-00002-of-00002.gguf"), second);
    for (Path path : List.of(one, two, folder)) {
      Checkpoint checkpoint = Checkpoint.open(path);
      assertEquals(two, checkpoint.tensor("model.norm.weight").file());
      assertEquals(one, checkpoint.tensor("lm_head.weight").file());
    }
    Files.write(two, first);
    QuernException twice = assertThrows(QuernException.class, () -> Checkpoint.open(one));
    assertTrue(twice.message().contains("different models"), twice.message());
  }

  @Test
  void whatWouldComputeAnotherModelIsRefused() {
    assertRefused("general.architecture is missing", new GgufWriter());
    assertRefused("general.architecture is 'mamba'", model("mamba"));
    assertRefused(
        "'blk.0.attn_sinks.weight'", model("llama").tensor("blk.0.attn_sinks.weight", 0, 32, 8));
    assertRefused("'adapter'", model("llama").tensor("adapter", 0, 32, 8));
    assertRefused("rows for 2 heads", model("llama").tensor("blk.0.attn_q.weight", 0, 96, 8, 3));
    assertRefused(
        "head_count_kv differs", model("llama").int32s("llama.attention.head_count_kv", 1, 2));
    assertRefused("value_length is 3", model("llama").uint32("llama.attention.value_length", 3));
    assertRefused("scaling.type is 'ntk'", model("llama").text("llama.rope.scaling.type", "ntk"));
    assertRefused(
        "yarn_log_multiplier is there",
        model("llama")
            .text("llama.rope.scaling.type", "yarn")
            .float32("llama.rope.scaling.yarn_log_multiplier", 1));
    assertRefused(
        "llama.block_count is missing",
        new GgufWriter()
            .text("general.architecture", "llama")
            .uint32("llama.attention.head_count", 2)
            .uint32("llama.embedding_length", 2));
  }

  @ParameterizedTest
  @CsvSource({
    "bert, '', tokenizer.ggml.model is 'bert'",
    "gpt2, '', tokenizer.ggml.pre is missing",
    "gpt2, viking, tokenizer.ggml.pre is 'viking'",
    "gpt2, gpt-2, tokenizer.ggml.merges is missing",
    "llama, '', tokenizer.ggml.scores is missing"
  })
  void aTokenizerThatIsNotKnownIsRefused(String kind, String pre, String message) {
    GgufWriter writer =
        model("llama")
            .text("tokenizer.ggml.model", kind)
            .uint32("tokenizer.ggml.bos_token_id", 0)
            .texts("tokenizer.ggml.tokens", List.of("a", "b"));
    assertRefused(message, pre.isEmpty() ? writer : writer.text("tokenizer.ggml.pre", pre));
  }

  @Test
  void aTokenizerThatContradictsItselfIsRefused() {
    assertRefused(
        "token_type has 1 entries for 2 tokens",
        model("llama")
            .text("tokenizer.ggml.model", "llama")
            .texts("tokenizer.ggml.tokens", List.of("a", "b"))
            .int32s("tokenizer.ggml.token_type", 1));
    assertRefused(
        "bos_token_id is 9 of 2 tokens",
        model("llama")
            .text("tokenizer.ggml.model", "llama")
            .texts("tokenizer.ggml.tokens", List.of("a", "b"))
            .uint32("tokenizer.ggml.bos_token_id", 9));
    assertRefused(
        "has 'a' twice",
        model("llama")
            .text("tokenizer.ggml.model", "gpt2")
            .text("tokenizer.ggml.pre", "gpt-2")
            .texts("tokenizer.ggml.tokens", List.of("a", "a"))
            .texts("tokenizer.ggml.merges", List.of()));
    assertRefused(
        "which is not two tokens",
        model("llama")
            .text("tokenizer.ggml.model", "gpt2")
            .text("tokenizer.ggml.pre", "gpt-2")
            .texts("tokenizer.ggml.tokens", List.of("a", "b"))
            .texts("tokenizer.ggml.merges", List.of("ab")));
  }
}
