package dev.quern.store.hub;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** What a file of a repository is, by its name. */
enum FileKind {
  SAFETENSORS,
  SAFETENSORS_INDEX,
  GGUF,
  /** Python's serialization and what embeds it: loading one can run code. */
  PICKLE,
  /** Configuration, tokenizers, chat templates. */
  CONFIGURATION,
  /** The model's card and its licence. */
  CARD,
  /** All else: pictures, code, formats of other runtimes. */
  OTHER;

  private static final Map<String, FileKind> BY_EXTENSION =
      Map.ofEntries(
          Map.entry("safetensors", SAFETENSORS),
          Map.entry("gguf", GGUF),
          Map.entry("bin", PICKLE),
          Map.entry("pt", PICKLE),
          Map.entry("pth", PICKLE),
          Map.entry("ckpt", PICKLE),
          Map.entry("pkl", PICKLE),
          Map.entry("pickle", PICKLE),
          Map.entry("joblib", PICKLE),
          Map.entry("npy", PICKLE),
          Map.entry("npz", PICKLE),
          Map.entry("json", CONFIGURATION),
          Map.entry("jinja", CONFIGURATION),
          Map.entry("txt", CONFIGURATION),
          Map.entry("model", CONFIGURATION),
          Map.entry("tiktoken", CONFIGURATION),
          Map.entry("vocab", CONFIGURATION),
          Map.entry("md", CARD));

  private static final List<String> CARD_NAMES = List.of("license", "licence", "notice");
  private static final Set<String> NOT_READ =
      Set.of("trainer_state.json", "all_results.json", "train_results.json", "eval_results.json");

  static FileKind of(String fileName) {
    String name = fileName.toLowerCase(Locale.ROOT);
    if (name.endsWith(".safetensors.index.json")) {
      return SAFETENSORS_INDEX;
    }
    // The index of pickled shards, and what a training run left.
    if (name.matches(".*\\.(bin|h5|msgpack)\\.index\\.json") || NOT_READ.contains(name)) {
      return OTHER;
    }
    if (CARD_NAMES.stream().anyMatch(name::startsWith)) {
      return CARD;
    }
    return BY_EXTENSION.getOrDefault(name.substring(name.lastIndexOf('.') + 1), OTHER);
  }
}
