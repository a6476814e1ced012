package dev.quern.supplier.cli;

import dev.quern.engine.runtime.LoadedModel;
import dev.quern.engine.runtime.ModelRuntime;
import dev.quern.store.DemoModel;
import dev.quern.store.ModelLocator;
import dev.quern.supplier.cli.terminal.Units;
import dev.quern.supplier.config.QuernConfiguration;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** From what an operator calls a model to a model that answers. */
final class ModelLoader {
  /** The model that is part of the jar. */
  static final String DEMO = "demo";

  private ModelLoader() {}

  /** Loads a model and says so. */
  static LoadedModel load(
      ModelRuntime runtime, String reference, QuernConfiguration configuration, Console console) {
    Path folder = folder(reference, configuration, console);
    console.say("Loading " + reference + (reference.equals(DEMO) ? "" : " from " + folder));
    long begin = System.nanoTime();
    LoadedModel model =
        runtime.load(id(reference, folder), folder, configuration.loading(reference));
    console.say(
        "Loaded %s: %s, %s parameters, %s, context of %d tokens, in %.1f s"
            .formatted(
                model.id(),
                model.architecture(),
                Units.count(model.parameters()),
                memory(model),
                model.maxTokens(),
                (System.nanoTime() - begin) / 1e9));
    return model;
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

  /** The name it is served under: an id as given, a folder's own name. */
  private static String id(String reference, Path folder) {
    return reference.equals(DEMO) || !isFolder(reference)
        ? reference
        : String.valueOf(folder.toAbsolutePath().normalize().getFileName());
  }

  private static boolean isFolder(String reference) {
    try {
      return reference.startsWith("~") || Files.isDirectory(Path.of(reference));
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
