package dev.quern.engine.embed;

import dev.quern.engine.model.EncoderDescription;
import dev.quern.engine.model.EncoderInput;
import dev.quern.engine.model.EncoderTask;
import dev.quern.engine.model.RerankTemplate;
import dev.quern.engine.model.ScoreActivation;
import dev.quern.engine.model.TextEncoder;
import dev.quern.engine.model.VectorSimilarity;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.MemoryUse;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;

/**
 * An encoder whose vectors tell what it was given: the number of tokens, a hash of the ids and one
 * of the types. Passes wait for a permit, so that tests decide what is in the queue meanwhile.
 */
final class GatedEncoder implements TextEncoder {
  /** A token that spoils the pass that it is in. */
  static final int BAD_TOKEN = 77_777;

  static final int FATAL_TOKEN = 66_666;
  static final int MAX_TOKENS = 32;

  /**
   * As a resource, declared after the engine: it opens before the engine closes, so that a test
   * that fails does not wait for the pass at the gate.
   */
  final AutoOpened gate = this::open;

  private final Semaphore permits = new Semaphore(0);

  /** Lengths of the inputs of each pass. */
  final List<List<Integer>> passes = new ArrayList<>();

  private final EncoderDescription description;
  private final int memoryTokens;
  volatile boolean closed;

  GatedEncoder(EncoderDescription description, int memoryTokens) {
    this.description = description;
    this.memoryTokens = memoryTokens;
  }

  /** Opens at the end of a block. */
  @FunctionalInterface
  interface AutoOpened extends AutoCloseable {
    @Override
    void close();
  }

  static EncoderDescription description(
      Map<String, String> prompts, boolean poolsPrompt, Optional<RerankTemplate> template) {
    return new EncoderDescription(
        "Gated",
        EncoderTask.EMBEDDING,
        3,
        MAX_TOKENS,
        List.of(),
        ScoreActivation.NONE,
        List.of(),
        false,
        VectorSimilarity.COSINE,
        prompts,
        Optional.empty(),
        false,
        poolsPrompt,
        true,
        template);
  }

  void open() {
    permits.release(1_000_000);
  }

  void shut() {
    permits.drainPermits();
  }

  @Override
  public EncoderDescription description() {
    return description;
  }

  @Override
  public DType dtype() {
    return DType.F32;
  }

  @Override
  public long parameters() {
    return 0;
  }

  @Override
  public MemoryUse memoryUse() {
    return MemoryUse.NONE;
  }

  @Override
  public float[][] encode(List<EncoderInput> inputs) {
    permits.acquireUninterruptibly();
    if (inputs.stream().mapToInt(EncoderInput::length).sum() > memoryTokens) {
      throw new QuernException(ErrorCategory.OUT_OF_MEMORY, "no room");
    }
    float[][] rows = new float[inputs.size()][];
    for (int i = 0; i < rows.length; i++) {
      for (int id : inputs.get(i).tokenIds()) {
        if (id == BAD_TOKEN) {
          throw QuernException.badRequest("input", "a bad token");
        }
        if (id == FATAL_TOKEN) {
          throw new IllegalStateException("the device failed");
        }
      }
      rows[i] = row(inputs.get(i));
    }
    synchronized (passes) {
      passes.add(inputs.stream().map(EncoderInput::length).toList());
    }
    return rows;
  }

  static float[] row(EncoderInput input) {
    int hash = 1;
    for (int id : input.tokenIds()) {
      hash = (31 * hash + id) & 0xFFFF;
    }
    int types = 0;
    for (int type : input.tokenTypeIds()) {
      types += type;
    }
    return new float[] {input.length(), hash, types + 100 * input.promptTokens()};
  }

  @Override
  public void close() {
    closed = true;
  }
}
