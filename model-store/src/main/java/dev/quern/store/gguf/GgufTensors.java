package dev.quern.store.gguf;

import dev.quern.store.ErrorCategory;
import dev.quern.store.Names;
import dev.quern.store.QuernException;
import dev.quern.store.StoredForm;
import dev.quern.store.TensorEntry;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A GGUF file's tensors under Hugging Face's names, each with what brings it to its values. */
final class GgufTensors {
  private static final Pattern LAYER = Pattern.compile("blk\\.(\\d+)\\.(\\w+)\\.(weight|bias)");

  private static final Map<String, String> OUTSIDE_LAYERS =
      Map.of(
          "token_embd.weight", "model.embed_tokens.weight",
          "output_norm.weight", "model.norm.weight",
          "output.weight", "lm_head.weight");

  /** Sixteen times the largest known. */
  private static final int MAX_EXPERTS = 1 << 13;

  /** Tables of rotary frequencies: of use for the configuration, not as weights. */
  static final String ROPE_FREQUENCIES = "rope_freqs.weight";

  static final String ROPE_SHORT_FACTORS = "rope_factors_short.weight";
  static final String ROPE_LONG_FACTORS = "rope_factors_long.weight";
  private static final Set<String> ROPE_TABLES =
      Set.of(ROPE_FREQUENCIES, ROPE_SHORT_FACTORS, ROPE_LONG_FACTORS);
  private static final String OLD_ROPE_TABLE = "attn_rot_embd";

  private final GgufFile file;
  private final GgufArchitecture architecture;
  private final Map<String, TensorEntry> named = new LinkedHashMap<>();

  GgufTensors(GgufFile file, GgufArchitecture architecture) {
    this.file = file;
    this.architecture = architecture;
  }

  /**
   * All tensors.
   *
   * @throws QuernException BAD_REQUEST for a tensor that the architecture does not have
   */
  Map<String, TensorEntry> named() {
    for (TensorEntry tensor : file.tensors()) {
      add(tensor);
    }
    return Collections.unmodifiableMap(named);
  }

  private void add(TensorEntry tensor) {
    String outside = OUTSIDE_LAYERS.get(tensor.name());
    if (outside != null) {
      put(outside, tensor);
      return;
    }
    if (ROPE_TABLES.contains(tensor.name())) {
      return;
    }
    Matcher layer = LAYER.matcher(tensor.name());
    if (!layer.matches()) {
      throw unknown(tensor);
    }
    String part = layer.group(2);
    if (part.equals(OLD_ROPE_TABLE)) {
      return;
    }
    String name = architecture.layerName(part).orElseThrow(() -> unknown(tensor));
    String prefix = "model.layers." + layer.group(1) + ".";
    String suffix = "." + layer.group(3);
    if (name.contains("*")) {
      addExperts(tensor, prefix + name + suffix);
    } else {
      put(prefix + name + suffix, headsInOrder(tensor, part));
    }
  }

  /** All experts of a layer are one tensor {@code [experts, out, in]} in the file. */
  private void addExperts(TensorEntry stack, String pattern) {
    if (stack.shape().size() != 3 || stack.shape().get(0) > MAX_EXPERTS) {
      throw wrongShape(stack, "three dimensions, the first of at most " + MAX_EXPERTS + " experts");
    }
    int experts = Math.toIntExact(stack.shape().get(0));
    List<Long> shape = stack.shape().subList(1, 3);
    for (int expert = 0; expert < experts; expert++) {
      long bytes = stack.bytes() / experts;
      String name = pattern.replace("*", Integer.toString(expert));
      named.put(
          name,
          new TensorEntry(
              name, stack.type(), shape, stack.file(), stack.offset() + expert * bytes, bytes));
    }
  }

  private void put(String name, TensorEntry tensor) {
    boolean shifted = architecture.shiftedNorms() && name.endsWith("norm.weight");
    named.put(name, (shifted ? tensor.in(new StoredForm.Shifted(-1)) : tensor).renamed(name));
  }

  private TensorEntry headsInOrder(TensorEntry tensor, String part) {
    if (!architecture.interleavedHeads() || !(part.equals("attn_q") || part.equals("attn_k"))) {
      return tensor;
    }
    GgufHeads heads = GgufHeads.read(file.metadata(), architecture);
    long count = part.equals("attn_q") ? heads.queryHeads() : heads.kvHeads();
    if (tensor.shape().isEmpty() || tensor.shape().get(0) % (2 * count) != 0) {
      throw wrongShape(tensor, "rows for " + count + " heads of an even size");
    }
    return tensor.in(new StoredForm.InterleavedHeads(Math.toIntExact(count)));
  }

  private QuernException unknown(TensorEntry tensor) {
    return error(
        tensor,
        "is none that the architecture '"
            + architecture.name()
            + "' has in Quern: leaving it out would compute another model; take the model's"
            + " safetensors");
  }

  private QuernException wrongShape(TensorEntry tensor, String needed) {
    return error(tensor, "has the shape " + tensor.shape() + ", and needs " + needed);
  }

  private static QuernException error(TensorEntry tensor, String what) {
    return new QuernException(
        ErrorCategory.BAD_REQUEST,
        Names.tensor(tensor.name()) + " in " + tensor.file() + " " + what);
  }
}
