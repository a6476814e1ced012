package dev.quern.supplier.cli;

import dev.quern.engine.runtime.LoadedModel;
import dev.quern.engine.runtime.ModelRuntime;
import dev.quern.engine.runtime.ModelSettings;
import dev.quern.engine.tensor.DType;
import dev.quern.store.Checkpoint;
import dev.quern.store.DemoModel;
import dev.quern.store.ErrorCategory;
import dev.quern.store.HubCache;
import dev.quern.store.ModelLocator;
import dev.quern.store.QuernException;
import dev.quern.store.hub.HubException;
import dev.quern.store.hub.ModelReference;
import dev.quern.supplier.cli.terminal.Units;
import dev.quern.supplier.config.QuernConfiguration;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/** From what an operator calls a model to a model that answers. */
final class ModelLoader {
  /** The model that is part of the jar. */
  static final String DEMO = "demo";

  private static final String TOKENIZER = "tokenizer.json";
  private static final long MAX_TOKENIZER_BYTES = 256L << 20;

  private ModelLoader() {}

  /** Loads a model and says so. */
  static LoadedModel load(
      ModelRuntime runtime, String reference, QuernConfiguration configuration, Console console) {
    return load(runtime, reference, configuration, configuration.loading(reference), console);
  }

  /** Loads a model by settings of its own, and says so. */
  static LoadedModel load(
      ModelRuntime runtime,
      String reference,
      QuernConfiguration configuration,
      ModelSettings settings,
      Console console) {
    Path folder = pulledFolder(reference, configuration, console);
    console.say("Loading " + reference + (reference.equals(DEMO) ? "" : " from " + folder));
    long begin = System.nanoTime();
    LoadedModel model =
        runtime.load(
            id(reference, folder), folder, settings, new LoadingLines(reference, console::say));
    console.say(
        "Loaded %s on %s: %s, %s parameters in %s, %s, context of %d tokens, in %.1f s"
            .formatted(
                model.id(),
                model.device().name(),
                model.architecture(),
                Units.count(model.parameters()),
                typeName(model.dtype()),
                memory(model),
                model.maxTokens(),
                (System.nanoTime() - begin) / 1e9));
    return model;
  }

  /** As {@code --dtype} has it. */
  private static String typeName(DType type) {
    return switch (type) {
      case F32 -> "fp32";
      case F16 -> "fp16";
      case BF16 -> "bf16";
      case I32, I64 -> throw new IllegalArgumentException("a model in " + type);
    };
  }

  /**
   * Where the model is on disk.
   *
   * @throws dev.quern.store.QuernException NOT_FOUND when it is not
   */
  static Path folder(String reference, QuernConfiguration configuration, Console console) {
    return reference.equals(DEMO)
        ? DemoModel.extract(configuration.cache())
        : new ModelLocator(console.environment()).resolve(reference);
  }

  /**
   * Where the model is on disk; a model {@code ORG/NAME} that the hub's cache lacks, or has only in
   * part, is pulled first.
   *
   * @throws dev.quern.store.QuernException when it is neither here nor to be had
   */
  private static Path pulledFolder(
      String reference, QuernConfiguration configuration, Console console) {
    ModelLocator locator = new ModelLocator(console.environment());
    if (reference.equals(DEMO) || reference.indexOf('/') < 0 || locator.isPath(reference)) {
      return folder(reference, configuration, console);
    }
    Optional<ModelReference> onHub = ModelReference.tryParse(reference);
    if (onHub.isEmpty()) {
      return locator.resolve(reference);
    }
    Optional<Path> here =
        HubCache.of(console.environment()).snapshot(onHub.get().id(), onHub.get().revision());
    if (here.filter(ModelLoader::isComplete).isPresent()) {
      return here.get();
    }
    try {
      return new Puller(console, GpuFit::probe).pull(onHub.get()).snapshot();
    } catch (HubException e) {
      if (here.isEmpty()) {
        throw e;
      }
      // Some models lack what is usual; loading this one then says what it is that it needs.
      console.say("Warning: " + reference + " may be incomplete here, and " + e.message());
      return here.get();
    }
  }

  /** Whether a snapshot has what loading asks for first. */
  private static boolean isComplete(Path snapshot) {
    try {
      return Checkpoint.open(snapshot).files().read(TOKENIZER, MAX_TOKENIZER_BYTES).isPresent();
    } catch (QuernException e) {
      // A file that is there but wrong is not better for being pulled again under the same name.
      return e.category() != ErrorCategory.NOT_FOUND;
    }
  }

  /** The name it is served under: an id as given, a folder's own name, a file's without ending. */
  private static String id(String reference, Path place) {
    return reference.equals(DEMO) || !isPath(reference)
        ? reference
        : String.valueOf(place.toAbsolutePath().normalize().getFileName())
            .replaceFirst("(?i)\\.gguf$", "");
  }

  private static boolean isPath(String reference) {
    try {
      return reference.startsWith("~") || Files.exists(Path.of(reference));
    } catch (InvalidPathException e) {
      return false;
    }
  }

  private static String memory(LoadedModel model) {
    return String.join(
        ", ",
        model.memory().entrySet().stream()
            .sorted(java.util.Map.Entry.comparingByKey())
            .map(
                use ->
                    use.getKey().replace('_', ' ')
                        + " "
                        + Units.bytes(
                            use.getValue().allocatedBytes() + use.getValue().mappedBytes()))
            .toList());
  }
}
