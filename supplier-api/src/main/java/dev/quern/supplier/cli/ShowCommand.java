package dev.quern.supplier.cli;

import dev.quern.cuda.CudaReport;
import dev.quern.engine.tensor.torch.HostMemory;
import dev.quern.engine.text.ChatTemplate;
import dev.quern.store.Checkpoint;
import dev.quern.store.CheckpointSummary;
import dev.quern.store.ErrorCategory;
import dev.quern.store.ModelDescription;
import dev.quern.store.ModelFiles;
import dev.quern.store.ModelLocator;
import dev.quern.store.QuernException;
import dev.quern.store.cache.CacheScanner;
import dev.quern.store.cache.CachedRevision;
import dev.quern.store.cache.ReadTimes;
import dev.quern.store.cache.SnapshotDigests;
import dev.quern.store.hub.CheckpointManifest;
import dev.quern.store.hub.ModelReference;
import dev.quern.supplier.config.Arguments;
import dev.quern.supplier.config.QuernConfiguration;
import dev.quern.supplier.config.Setting;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** {@code quern show MODEL}: what a checkpoint is, without loading it. */
final class ShowCommand implements Command {
  private final Supplier<CudaReport> gpus;

  /**
   * @param gpus finds out which GPUs there are
   */
  ShowCommand(Supplier<CudaReport> gpus) {
    this.gpus = gpus;
  }

  @Override
  public String name() {
    return "show";
  }

  @Override
  public String words() {
    return "MODEL";
  }

  @Override
  public String purpose() {
    return "show architecture, memory needed, licence and digests of a model";
  }

  @Override
  public List<Setting<?>> flags() {
    return List.of(
        CommandOptions.CONTEXT,
        CommandOptions.BATCH,
        CommandOptions.TEMPLATE,
        CommandOptions.DIGESTS,
        CommandOptions.JSON);
  }

  @Override
  public int run(Arguments arguments, QuernConfiguration configuration, Console console) {
    if (arguments.words().size() != 1) {
      throw QuernException.badRequest("model", "show takes one model: quern show MODEL");
    }
    Path folder = ModelLoader.folder(arguments.words().getFirst(), configuration, console);
    if (CommandOptions.isOn(CommandOptions.TEMPLATE, arguments)) {
      console.out().println(template(files(folder)));
      return ExitCodes.DONE;
    }
    ModelReport report = report(folder, cached(arguments.words().getFirst(), console), arguments);
    if (CommandOptions.isOn(CommandOptions.JSON, arguments)) {
      console.out().println(report.json().toPrettyString());
    } else {
      report.print(console.out());
    }
    return ExitCodes.DONE;
  }

  private ModelReport report(Path folder, Optional<CachedRevision> cached, Arguments arguments) {
    Optional<ReadTimes> times = cached.map(ReadTimes::of);
    try {
      ModelDescription what = ModelDescription.of(folder);
      Optional<CheckpointSummary> summary = Optional.empty();
      if (what.components().isEmpty()) {
        // What the description swallowed as a problem is here the answer.
        summary = Optional.of(CheckpointSummary.of(Checkpoint.open(folder)));
      }
      int batch = CommandOptions.valueOrDefault(CommandOptions.BATCH, arguments);
      Optional<Integer> context = CommandOptions.value(CommandOptions.CONTEXT, arguments);
      return new ModelReport(
          folder,
          what,
          summary,
          summary.map(known -> MemoryNeed.of(known, context, batch)),
          HostMemory.availableBytes(),
          gpus.get(),
          ChatTemplate.sources(files(folder)),
          digests(folder, cached, arguments));
    } finally {
      times.ifPresent(ReadTimes::close);
    }
  }

  /** The texts beside the tensors; those of a GGUF file are inside it. */
  private static ModelFiles files(Path folder) {
    return Files.exists(folder.resolve("model_index.json"))
        ? ModelFiles.in(folder)
        : Checkpoint.open(folder).files();
  }

  private static Optional<SnapshotDigests> digests(
      Path folder, Optional<CachedRevision> cached, Arguments arguments) {
    Optional<SnapshotDigests> known = cached.flatMap(SnapshotDigests::known);
    if (known.isPresent() || !CommandOptions.isOn(CommandOptions.DIGESTS, arguments)) {
      return known;
    }
    return Optional.of(
        new SnapshotDigests(SnapshotDigests.Source.COMPUTED, CheckpointManifest.compute(folder)));
  }

  /** The revision that the word names in the cache, unless it names something else. */
  private static Optional<CachedRevision> cached(String word, Console console) {
    if (word.equals(ModelLoader.DEMO) || new ModelLocator(console.environment()).isPath(word)) {
      return Optional.empty();
    }
    CacheScanner scanner = new CacheReferences(console.environment()).scanner();
    return ModelReference.tryParse(word)
        .flatMap(
            reference ->
                scanner
                    .find(reference.id())
                    .flatMap(model -> model.revision(reference.revision())));
  }

  private static String template(ModelFiles files) {
    Map<String, String> sources = ChatTemplate.sources(files);
    return Optional.ofNullable(sources.get("default"))
        .or(() -> sources.values().stream().findFirst())
        .orElseThrow(
            () ->
                new QuernException(
                    ErrorCategory.NOT_FOUND, "there is no chat template in " + files.location()));
  }
}
