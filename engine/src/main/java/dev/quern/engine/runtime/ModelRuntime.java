package dev.quern.engine.runtime;

import dev.quern.engine.embed.EncoderEngine;
import dev.quern.engine.embed.EncoderSettings;
import dev.quern.engine.generate.EngineSettings;
import dev.quern.engine.generate.ScheduledEngine;
import dev.quern.engine.model.EncoderTask;
import dev.quern.engine.model.LoadListener;
import dev.quern.engine.model.LoadOptions;
import dev.quern.engine.model.Models;
import dev.quern.engine.model.TextEncoders;
import dev.quern.engine.text.ChatTemplate;
import dev.quern.engine.text.FastTokenizer;
import dev.quern.engine.text.Tokenizer;
import dev.quern.store.Checkpoint;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads models and owns the devices they run on. All models of a device share its one thread and
 * take turns on it. Safe for threads.
 */
public final class ModelRuntime implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ModelRuntime.class);

  private final Devices devices;
  private final List<LoadedModel> models = new CopyOnWriteArrayList<>();

  /** A runtime that finds GPUs in the usual places. */
  public ModelRuntime() {
    this(GpuSettings.defaults());
  }

  public ModelRuntime(GpuSettings gpus) {
    this.devices = new Devices(gpus);
  }

  /**
   * Loads a checkpoint and starts its engine; returns when it can answer.
   *
   * @param id the name it was asked for
   * @param path what {@link Checkpoint#open} reads: a folder or a GGUF file
   * @throws QuernException naming the file or setting at fault; nothing stays loaded then
   */
  public LoadedModel load(String id, Path path, ModelSettings settings) {
    return load(id, path, settings, LoadProgress.UNHEARD);
  }

  /** Likewise, telling how far it is. */
  public LoadedModel load(String id, Path path, ModelSettings settings, LoadProgress progress) {
    long begin = System.nanoTime();
    // Small files first: a model that cannot speak need not be loaded. The device opens meanwhile:
    // loading libtorch takes about as long as reading a tokenizer.
    Checkpoint checkpoint = Checkpoint.open(path);
    Optional<EncoderTask> task =
        settings.encoder().task().or(() -> TextEncoders.taskOf(checkpoint));
    if (task.isEmpty()) {
      TextEncoders.hintedBy(id, checkpoint).ifPresent(hint -> hint(id, hint));
    }
    LoadedModel model =
        task.isPresent()
            ? encoder(id, checkpoint, settings, task.get(), progress)
            : languageModel(id, checkpoint, settings, progress);
    models.add(model);
    log.info(
        "{}: {} with {} parameters is ready after {} ms",
        id,
        model.architecture(),
        model.parameters(),
        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin));
    return model;
  }

  private static void hint(String id, EncoderTask task) {
    String word = task == EncoderTask.RERANKING ? "rerank" : "embed";
    log.warn(
        "{} is served as a language model: its files do not say otherwise, though its name does."
            + " If it is to {}, start with --task MODEL={}, MODEL as --model names it",
        id,
        word,
        word);
  }

  private LoadedModel languageModel(
      String id, Checkpoint checkpoint, ModelSettings settings, LoadProgress progress) {
    FutureTask<Placement> placing =
        inBackground(() -> devices.languageModel(id, checkpoint, settings));
    Set<Integer> endOfSequence = EndOfSequence.of(checkpoint);
    Optional<ChatTemplate> chatTemplate = ChatTemplate.load(checkpoint.files());
    return withTokenizer(
        checkpoint,
        tokenizer -> {
          Started started = start(id, checkpoint, placed(placing), settings, progress);
          ScheduledEngine engine = started.engine();
          return new LoadedLanguageModel(
              id,
              checkpoint.path(),
              started.device(),
              tokenizer,
              chatTemplate,
              checkpoint.generationConfig(),
              engine,
              sampleable(endOfSequence, engine.vocabularySize()));
        });
  }

  private record Started(ScheduledEngine engine, ModelDevice device) {}

  /** On the CPU, where the model did not fit the GPU that nobody asked for. */
  private Started start(
      String id,
      Checkpoint checkpoint,
      Placement placement,
      ModelSettings settings,
      LoadProgress progress) {
    try {
      return startThere(id, checkpoint, placement, settings, progress);
    } catch (QuernException e) {
      if (!placement.isChosenGpu() || e.category() != ErrorCategory.OUT_OF_MEMORY) {
        throw e;
      }
      log.warn(
          "{} does not fit {} after all and goes to the CPU: {}",
          id,
          placement.device().name(),
          e.message());
      return startThere(id, checkpoint, devices.cpuInstead(settings), settings, progress);
    }
  }

  private static Started startThere(
      String id,
      Checkpoint checkpoint,
      Placement placement,
      ModelSettings settings,
      LoadProgress progress) {
    LoadOptions options = loadOptions(checkpoint, placement, settings, progress);
    ScheduledEngine engine =
        ScheduledEngine.start(
            placement.thread(),
            backend -> Models.load(checkpoint, backend, options),
            engineSettings(id, settings));
    return new Started(engine, placement.device());
  }

  private LoadedModel encoder(
      String id,
      Checkpoint checkpoint,
      ModelSettings settings,
      EncoderTask task,
      LoadProgress progress) {
    FutureTask<Placement> placing = inBackground(() -> devices.encoder(id, settings));
    return withTokenizer(
        checkpoint,
        tokenizer -> {
          Placement placement = placed(placing);
          LoadOptions options = loadOptions(checkpoint, placement, settings, progress);
          EncoderEngine engine =
              EncoderEngine.start(
                  placement.thread(),
                  backend -> TextEncoders.load(checkpoint, backend, options, task),
                  tokenizer,
                  new EncoderSettings(
                      id,
                      settings.encoder().maxBatchTokens(),
                      settings.maxWaiting(),
                      settings.encoder().threads()));
          return new LoadedEncoder(id, checkpoint.path(), placement.device(), tokenizer, engine);
        });
  }

  /** Reads the tokenizer, which nobody owns unless the model is made. */
  private static LoadedModel withTokenizer(
      Checkpoint checkpoint, Function<Tokenizer, LoadedModel> maker) {
    Tokenizer tokenizer = FastTokenizer.load(checkpoint.files());
    try {
      return maker.apply(tokenizer);
    } catch (RuntimeException | Error e) {
      tokenizer.close();
      throw e;
    }
  }

  private static LoadOptions loadOptions(
      Checkpoint checkpoint, Placement placement, ModelSettings settings, LoadProgress progress) {
    long ofBytes = checkpoint.bytes();
    LoadListener listener =
        new LoadListener() {
          @Override
          public void bytesLoaded(long bytes) {
            progress.loaded(bytes, ofBytes);
          }

          @Override
          public void remark(String remark) {
            progress.remark(remark);
          }
        };
    return new LoadOptions(placement.dtype(), settings.maxModelLength(), listener);
  }

  private static FutureTask<Placement> inBackground(Callable<Placement> choice) {
    FutureTask<Placement> placing = new FutureTask<>(choice);
    Thread.ofVirtual().name("device-opening").start(placing);
    return placing;
  }

  private static Placement placed(FutureTask<Placement> placing) {
    try {
      return placing.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        case null, default -> throw new QuernException(ErrorCategory.INTERNAL, "no device", e);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new QuernException(ErrorCategory.UNAVAILABLE, "interrupted while a device opened", e);
    }
  }

  /** Closes every model still open, then the devices. */
  @Override
  public void close() {
    models.forEach(LoadedModel::close);
    devices.close();
  }

  /** Some checkpoints name ids beyond their logits; the engine would refuse them. */
  private static Set<Integer> sampleable(Set<Integer> ids, int vocabularySize) {
    return ids.stream()
        .filter(id -> id >= 0 && id < vocabularySize)
        .collect(Collectors.toUnmodifiableSet());
  }

  private static EngineSettings engineSettings(String id, ModelSettings settings) {
    return new EngineSettings(
        id,
        settings.maxModelLength(),
        settings.maxNumSequences(),
        settings.maxNumBatchedTokens(),
        settings.kvCacheBytes(),
        settings.maxWaiting());
  }
}
