package dev.quern.store.gguf;

import dev.quern.store.TensorEntry;
import dev.quern.store.fuzz.FuzzTarget;
import dev.quern.store.fuzz.HeaderMutator;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Public for {@link dev.quern.store.fuzz.HeaderFuzz}, which does the same ten million times. */
public class GgufFuzzTest {
  /** The header alone. */
  public static FuzzTarget target() {
    return new FuzzTarget(
        "gguf",
        sound(),
        1,
        (file, bytes, channel) -> GgufFile.read(file, bytes, channel).tensors());
  }

  /** The header and all that is made of it: configuration, names, tokenizer. */
  public static FuzzTarget modelTarget() {
    return new FuzzTarget("gguf-model", sound(), 64, GgufFuzzTest::readModel);
  }

  private static List<TensorEntry> readModel(Path path, long bytes, ReadableByteChannel channel)
      throws IOException {
    GgufFile file = GgufFile.read(path, bytes, channel);
    GgufArchitecture architecture = GgufArchitecture.of(file);
    new GgufConfig(file, architecture).toJson();
    GgufGeneration.config(file.metadata());
    GgufTexts texts = new GgufTexts(path, file.metadata());
    texts.read("tokenizer.json", Long.MAX_VALUE);
    texts.read("tokenizer_config.json", Long.MAX_VALUE);
    return List.copyOf(new GgufTensors(file, architecture).named().values());
  }

  private static List<byte[]> sound() {
    GgufWriter llama =
        model("llama")
            .text("tokenizer.ggml.model", "llama")
            .texts("tokenizer.ggml.tokens", List.of("<unk>", "<s>", "a", "b", "ab"))
            .int32s("tokenizer.ggml.token_type", 2, 3, 1, 1, 1)
            .int32s("tokenizer.ggml.scores", 0, 0, -1, -2, -3)
            .uint32("tokenizer.ggml.bos_token_id", 1)
            .text("tokenizer.chat_template", "{{ messages }}")
            .raw("u8", 0, new byte[1])
            .raw("u64", 10, new byte[8])
            .raw("f64", 12, new byte[8])
            .tensor("token_embd.weight", 0, 40, 2, 5)
            .tensor("blk.0.attn_q.weight", 8, 136, 32, 4)
            .tensor("blk.0.attn_norm.weight", 1, 4, 2)
            .tensor("output_norm.weight", 0, 8, 2);
    List<String> tokens = new ArrayList<>(List.of("<|a|>"));
    for (char letter = 'a'; letter <= 'z'; letter++) {
      tokens.add(String.valueOf(letter));
    }
    tokens.addAll(List.of("th", "the"));
    int[] types = new int[tokens.size()];
    java.util.Arrays.fill(types, 1);
    types[0] = 3;
    GgufWriter moe =
        model("qwen3moe")
            .uint32("qwen3moe.expert_count", 3)
            .uint32("qwen3moe.expert_used_count", 1)
            .uint32("qwen3moe.expert_feed_forward_length", 2)
            .text("qwen3moe.rope.scaling.type", "yarn")
            .float32("qwen3moe.rope.scaling.factor", 4)
            .text("tokenizer.ggml.model", "gpt2")
            .text("tokenizer.ggml.pre", "qwen2")
            .texts("tokenizer.ggml.tokens", tokens)
            .texts("tokenizer.ggml.merges", List.of("t h", "th e"))
            .int32s("tokenizer.ggml.token_type", types)
            .uint32("general.alignment", 32)
            .tensor("blk.0.ffn_gate_exps.weight", 30, 24, 2, 2, 3)
            .tensor("blk.0.attn_q.weight", 12, 144, 256, 1)
            .tensor("token_embd.weight", 14, 210, 256, 1);
    GgufWriter gemma =
        model("gemma3")
            .uint32("gemma3.attention.sliding_window", 4)
            .raw("flags", 9, flags())
            .tensor("token_embd.weight", 2, 18, 32, 1)
            .tensor("output_norm.weight", 0, 8, 2);
    return List.of(llama.bytes(), moe.bytes(), gemma.bytes());
  }

  private static byte[] flags() {
    byte[] array = new byte[4 + 8 + 3];
    array[0] = 7;
    array[4] = 3;
    return array;
  }

  private static GgufWriter model(String name) {
    return new GgufWriter()
        .text("general.architecture", name)
        .uint32(name + ".block_count", 1)
        .uint32(name + ".context_length", 64)
        .uint32(name + ".embedding_length", 2)
        .uint32(name + ".feed_forward_length", 4)
        .uint32(name + ".attention.head_count", 2)
        .int32s(name + ".attention.head_count_kv", 1, 1)
        .float32(name + ".attention.layer_norm_rms_epsilon", 1e-5f);
  }

  /** 300 tries of 50 files each, by seed, because a file's bytes say little to a shrinker. */
  @Property(tries = 300)
  void aChangedFileIsReadOrRefusedNeverAnythingElse(@ForAll long seed) throws IOException {
    tryFiles(target(), seed);
  }

  @Property(tries = 300)
  void aChangedModelIsReadOrRefusedNeverAnythingElse(@ForAll long seed) throws IOException {
    tryFiles(modelTarget(), seed);
  }

  private static void tryFiles(FuzzTarget target, long seed) throws IOException {
    HeaderMutator mutator = new HeaderMutator(seed);
    for (int i = 0; i < 50; i++) {
      target.accepts(mutator.mutated(target.sound().get(i % target.sound().size())));
    }
  }
}
