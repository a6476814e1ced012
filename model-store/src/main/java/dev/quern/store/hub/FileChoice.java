package dev.quern.store.hub;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Chooses which files of a repository to have: what Quern reads, each thing once, and never a
 * format that runs code.
 *
 * @param chosen in order of path
 * @param skipped in order of path
 */
record FileChoice(List<HubFile> chosen, List<SkippedFile> skipped) {
  private static final Set<String> EXPORT_FOLDERS =
      Set.of("onnx", "openvino", "original", "coreml", "flax", "tflite", "runs", "metal");

  /**
   * Chooses among all files of a repository. Patterns of {@code filter} come before Quern's own
   * taste, but not before its refusal of pickles.
   *
   * @param components the folders of a diffusion pipeline, for one that has {@code
   *     model_index.json}; empty for other models
   */
  static FileChoice of(List<HubFile> files, FileFilter filter, Optional<Set<String>> components) {
    List<HubFile> chosen = new ArrayList<>();
    List<SkippedFile> skipped = new ArrayList<>();
    Map<String, Weights> weights = weightsByFolder(files, filter);
    for (HubFile file : files) {
      reasonToSkip(file, filter, components, weights)
          .ifPresentOrElse(
              reason -> skipped.add(new SkippedFile(file, reason)), () -> chosen.add(file));
    }
    return new FileChoice(List.copyOf(chosen), List.copyOf(skipped));
  }

  private static Optional<String> reasonToSkip(
      HubFile file,
      FileFilter filter,
      Optional<Set<String>> components,
      Map<String, Weights> weights) {
    FileKind kind = FileKind.of(file.name());
    if (filter.excludes(file.path())) {
      return Optional.of("excluded by pattern");
    }
    if (kind == FileKind.PICKLE) {
      return Optional.of("pickle: reading one can run code that it holds");
    }
    if (!filter.include().isEmpty()) {
      return filter.includes(file.path())
          ? Optional.empty()
          : Optional.of("not included by pattern");
    }
    if (kind == FileKind.GGUF) {
      return Optional.of("GGUF: ask for it with --include");
    }
    if (kind == FileKind.OTHER) {
      return Optional.of("not a file that Quern reads");
    }
    if (file.topFolder().startsWith(".") || EXPORT_FOLDERS.contains(file.topFolder())) {
      return Optional.of("belongs to another format of the same model");
    }
    if (components.isPresent()) {
      Optional<String> reason = outsidePipeline(file, kind, components.get());
      if (reason.isPresent()) {
        return reason;
      }
    }
    return kind == FileKind.SAFETENSORS || kind == FileKind.SAFETENSORS_INDEX
        ? reasonAmongWeights(file, components.isPresent(), weights)
        : Optional.empty();
  }

  /** A pipeline is its components' folders, and what describes it at the top. */
  private static Optional<String> outsidePipeline(
      HubFile file, FileKind kind, Set<String> components) {
    if (file.folder().isEmpty()) {
      return kind == FileKind.SAFETENSORS || kind == FileKind.SAFETENSORS_INDEX
          ? Optional.of("the pipeline's weights in a second form")
          : Optional.empty();
    }
    return components.contains(file.topFolder())
        ? Optional.empty()
        : Optional.of("in no component that model_index.json names");
  }

  private static Optional<String> reasonAmongWeights(
      HubFile file, boolean pipeline, Map<String, Weights> weights) {
    if (!pipeline
        && !file.folder().isEmpty()
        && weights.containsKey("")
        && !isModule(file.folder())) {
      return Optional.of("another checkpoint: ask for it with --include");
    }
    Weights here = weights.get(file.folder());
    return here == null || here.has(file)
        ? Optional.empty()
        : Optional.of("the same weights as " + here.name());
  }

  /** Whether a folder is a module of a sentence-transformers model, for example {@code 2_Dense}. */
  private static boolean isModule(String folder) {
    return folder.matches("\\d+_\\w+");
  }

  private static Map<String, Weights> weightsByFolder(List<HubFile> files, FileFilter filter) {
    Map<String, List<String>> names = new TreeMap<>();
    for (HubFile file : files) {
      FileKind kind = FileKind.of(file.name());
      if ((kind == FileKind.SAFETENSORS || kind == FileKind.SAFETENSORS_INDEX)
          && !filter.excludes(file.path())) {
        names.computeIfAbsent(file.folder(), folder -> new ArrayList<>()).add(file.name());
      }
    }
    Map<String, Weights> weights = new TreeMap<>();
    names.forEach((folder, those) -> weights.put(folder, Weights.among(those)));
    return weights;
  }
}
