package dev.quern.store.hub;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The safetensors files of one folder that together are the weights, where the folder may hold the
 * same weights several times: whole and in shards, in several precisions, as converted by others.
 *
 * @param name of the set, for example {@code model.fp16}
 * @param unique whether the folder's other safetensors are the same weights again
 */
record Weights(String name, Collection<String> files, boolean unique) {
  /** NAME[-00001-of-00002].safetensors or NAME.safetensors.index[.VARIANT].json. */
  private static final Pattern PARTS =
      Pattern.compile("(.*?)(-\\d+-of-\\d+)?\\.safetensors(?:\\.index\\.json)?");

  /** Sets that are the model's weights, the preferred ones first. */
  private static final List<String> PREFERRED =
      List.of(
          "model",
          "diffusion_pytorch_model",
          "pytorch_model",
          "model.bf16",
          "diffusion_pytorch_model.bf16",
          "model.fp16",
          "diffusion_pytorch_model.fp16",
          "model.fp32",
          "consolidated");

  /** Chooses among the names of a folder's safetensors and their indexes. */
  static Weights among(Collection<String> names) {
    Map<String, TreeSet<String>> sets = new TreeMap<>();
    for (String name : names) {
      Matcher matcher = PARTS.matcher(name);
      if (matcher.matches()) {
        sets.computeIfAbsent(matcher.group(1), set -> new TreeSet<>()).add(name);
      }
    }
    Optional<String> best = PREFERRED.stream().filter(sets::containsKey).findFirst();
    if (best.isEmpty()) {
      return new Weights("all", List.copyOf(names), false);
    }
    return new Weights(
        best.get(), complete(best.get(), sets.getOrDefault(best.get(), new TreeSet<>())), true);
  }

  /** A whole file before shards of the same name. */
  private static Collection<String> complete(String set, Collection<String> names) {
    String whole = set + ".safetensors";
    return List.copyOf(names.contains(whole) ? List.of(whole) : names);
  }

  /** Whether {@code file} is to be had; files of sets that are not known are kept. */
  boolean has(HubFile file) {
    if (!unique || files.contains(file.name())) {
      return true;
    }
    Matcher matcher = PARTS.matcher(file.name());
    return matcher.matches()
        && !PREFERRED.contains(matcher.group(1))
        && !isVariant(matcher.group(1))
        && !matcher.group(1).equals(name);
  }

  /** Whether a set is the chosen one in another precision, for example {@code model.fp16}. */
  private boolean isVariant(String set) {
    String base = name.replaceFirst("\\..*", "");
    return set.startsWith(base + ".") || set.startsWith(base + "_ema") || set.contains("non_ema");
  }
}
